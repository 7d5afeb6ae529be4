package odoo

import (
	"encoding/json"
	"errors"
	"testing"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`[{"id": 1, "name": false, "company_id": [1, "x"], "day": "2026-02-28", "tag_ids": [1]}]`))
	f.Add([]byte(`[null, {}, {"parent_id": [1]}]`))
	f.Add([]byte(`false`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var rows []everyField
		err := Decode(body, &rows)
		if err != nil && !errors.Is(err, ErrValue) {
			t.Errorf("an error of no kind: %v", err)
		}
		if err == nil && len(rows) > 0 && !json.Valid(body) {
			t.Error("rows from what is no JSON")
		}
	})
}

func FuzzReadJSONRPC(f *testing.F) {
	for _, seed := range []string{result(1), exception("builtins.KeyError", "x"), `{"jsonrpc":"2.0","id":null}`, `[]`, `{"error":{}}`} {
		f.Add([]byte(seed))
	}
	over := &jsonRPC{http: &exchange{secret: "s3cret"}}
	call := invocation{model: "res.users", method: "read"}
	f.Fuzz(func(t *testing.T, body []byte) {
		raw, err := over.read(call, 1, answer{status: 200, contentType: "application/json", body: body})
		if err == nil && raw != nil && !json.Valid(raw) {
			t.Errorf("result %q", raw)
		}
	})
}

func FuzzReadJSON2(f *testing.F) {
	for _, body := range []string{`[{"id":1}]`, `[]`, `true`, `null`, `{"ids":[1],"messages":[]}`, `{"ids":false,"messages":[{"message":"no"}]}`, `["res.users",1]`, `{"id":{"type":"integer"}}`} {
		f.Add(200, []byte(body))
	}
	f.Add(404, []byte(`{"name":"odoo.exceptions.MissingError","message":"gone"}`))
	f.Add(404, []byte(`{"name":"NotFound","message":"gone"}`))
	over := &json2{http: &exchange{secret: "s3cret"}}
	shapes := map[string]shape{
		"ids": isIDs(1), "records": isRecordsOf([]int64{1}), "true": isTrue, "count": isCount, "load": isLoaded(1), "created": isCreated(1),
		"reference": isReference, "fields": isFields, "text": isTextOrFalse,
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for name, due := range shapes {
			call := invocation{model: "res.users", method: "read", shape: due}
			raw, err := call.checked(over.read(call, answer{status: status, contentType: "application/json", body: body}))
			if err == nil && (status != 200 || !json.Valid(raw)) {
				t.Errorf("%s: status %d and %q are an answer", name, status, raw)
			}
			if errors.Is(err, ErrMissing) && status == 200 {
				t.Errorf("%s: %q says that a record is missing", name, body)
			}
		}
	})
}
