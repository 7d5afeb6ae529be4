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
