package odoo

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDomainsAreWrittenInPrefixNotation(t *testing.T) {
	t.Parallel()
	a, b, c := Where("a", "=", 1), Where("b", "=", 2), Where("c", "in", []string{"x"})
	for _, tt := range []struct {
		name   string
		domain Domain
		want   string
	}{
		{"everything", nil, `[]`},
		{"one", a, `[["a","=",1]]`},
		{"and", And(a, b, c), `["&","&",["a","=",1],["b","=",2],["c","in",["x"]]]`},
		{"and with nothing", And(nil, a, Domain{}), `[["a","=",1]]`},
		{"or of ands", Or(And(a, b), c), `["|","&",["a","=",1],["b","=",2],["c","in",["x"]]]`},
		{"or with everything", Or(a, nil), `[]`},
		{"or of a list side by side", Or(Domain{a[0], b[0]}, c), `["|","&",["a","=",1],["b","=",2],["c","in",["x"]]]`},
	} {
		sendable, err := plain(tt.domain)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fromJSON(t, tt.want), fromJSON(t, toJSON(t, sendable))); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestCombiningLeavesTheDomainsAsTheyWere(t *testing.T) {
	t.Parallel()
	a, b := Where("a", "=", 1), Where("b", "=", 2)
	both := And(a, b)
	_ = Or(both, a)
	if diff := cmp.Diff(Domain{"&", []any{"a", "=", 1}, []any{"b", "=", 2}}, both); diff != "" {
		t.Error(diff)
	}
}
