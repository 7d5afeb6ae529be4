package odoo

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestUpsertSendsTextsAsLoadReadsThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) {
			return 200, result(map[string]any{"ids": []int64{5}, "messages": []any{}}), nil
		}}
		_, err := server.client(t).Upsert(t.Context(), "x", Upsertion{ExternalID: "planebridge.a", Values: Values{
			"a_day": Date{2026, 3, 1}, "b_moment": At(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)), "c_company": Many2One{ID: 3},
			"d_parent": Many2One{}, "e_tags": []int64{1, 2}, "f_yes": true, "g_no": false, "h_none": nil, "i_n": 7, "j_x": 1.5, "k_text": "t",
		}})
		if err != nil {
			t.Fatal(err)
		}
		call := server.calls[0]
		want := []any{
			[]any{"id", "a_day", "b_moment", "c_company/.id", "d_parent/.id", "e_tags/.id", "f_yes", "g_no", "h_none", "i_n", "j_x", "k_text"},
			[]any{[]any{"planebridge.a", "2026-03-01", "2026-03-01 00:00:00", "3", "", "1,2", "1", "", "", "7", "1.5", "t"}},
		}
		if diff := cmp.Diff(want, call.positional); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(any(map[string]any{"tz": "UTC", "active_test": false}), call.named["context"]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADeletedRecordIsNotBroughtBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) {
			return 200, result(map[string]any{"ids": false, "messages": []any{
				map[string]any{"type": "error", "record": 0, "field": ".id", "message": "Unknown database identifier '5'"},
			}}), nil
		}}
		_, err := server.client(t).Upsert(t.Context(), "x", Upsertion{ExternalID: "planebridge.a", KnownID: 5, Values: Values{"a": 1}})
		if !errors.Is(err, ErrMissing) || ClassOf(err) != Permanent {
			t.Errorf("got %v", err)
		}
		if got := server.calls[0].positional[0].([]any)[0]; got != ".id" {
			t.Errorf("the record was named by %v, which creates it again", got)
		}
	})
}

func TestAnOrphanedExternalIDIsNotLoadedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) { return 200, result([]any{"x", false}), nil }}
		_, created, err := server.client(t).LoadOnce(t.Context(), "x", "planebridge.a", Values{"a": 1})
		if !errors.Is(err, ErrMissing) || created || len(server.calls) != 1 {
			t.Errorf("created %v, %v, calls %v", created, err, server.methods())
		}
	})
}

func TestAnExternalIDHasOneDot(t *testing.T) {
	t.Parallel()
	if id, err := NewExternalID("note_1-a"); err != nil || id != "planebridge.note_1-a" {
		t.Errorf("got %s, %v", id, err)
	}
	for _, name := range []string{"", "a.b", "a b", "ä", strings.Repeat("x", 101)} {
		if id, err := NewExternalID(name); err == nil {
			t.Errorf("%q became %s", name, id)
		}
	}
}

func TestASelectionIsWrittenAsPythonReadsIt(t *testing.T) {
	t.Parallel()
	got := pythonPairs([][2]string{{"on", `It's "on"`}, {"off", "Aus é"}})
	if want := `[("on", "It's \"on\""), ("off", "Aus \u00e9")]`; got != want {
		t.Errorf("got %s", got)
	}
}

func TestKeysAreReportedByTheirFirstEnd(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("0123456789", 4)
	for name, tt := range map[string]struct {
		secret string
		answer string
		want   string
	}{
		"two keys":   {key, result([]any{map[string]any{"id": 2, "expiration_date": "2026-05-01 00:00:00"}, map[string]any{"id": 3, "expiration_date": "2026-04-01 00:00:00"}}), "2026-04-01"},
		"no end":     {key, result([]any{map[string]any{"id": 2, "expiration_date": false}}), ""},
		"before 18":  {key, exception("builtins.ValueError", "Invalid field 'expiration_date' on 'res.users.apikeys'"), ""},
		"a password": {"pw", exception("builtins.KeyError", "not asked"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &answering{call: func(int, sentCall) (int, string, error) { return 200, tt.answer, nil }}
				ends, limited, err := server.client(t, func(c *Config) { c.Secret = tt.secret }).APIKeyExpiry(t.Context())
				if err != nil || limited != (tt.want != "") || (limited && ends.Format(time.DateOnly) != tt.want) {
					t.Errorf("got %s, %v, %v", ends, limited, err)
				}
			})
		})
	}
}
