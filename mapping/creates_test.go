package mapping_test

import (
	"errors"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// A create counts as under way from the moment it is noted until its outcome is
// known, by an answer, by a refusal, or because the record was linked since.
func TestACreateIsUnderWayUntilItsOutcomeIsKnown(t *testing.T) {
	t.Parallel()
	store := mapping.NewStore(pgtest.Pool(t))
	want := func(after string, want bool) {
		t.Helper()
		ago, sent, err := store.CreateSent(t.Context(), scope, key)
		if err != nil || sent != want || ago < 0 {
			t.Errorf("%s: sent = %t %s ago, %v; want %t", after, sent, ago, err, want)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	intend := func() error {
		_, err := store.Intend(t.Context(), scope, key, 7, mapping.Fields{Name: "n"})
		return err
	}
	want("without a link", false)
	must(store.Claim(t.Context(), scope, key, 7))
	want("claimed for a work item that is there", false)
	must(intend())
	want("intended", true)
	must(store.SettleCreate(t.Context(), scope, key))
	want("refused", false)
	must(intend())
	want("intended again", true)
	must(store.Bind(t.Context(), scope, key, 7, "issue", mapping.Content{}))
	want("linked", false)
	must(store.NoteCreate(t.Context(), scope, key))
	want("a comment is under way", true)
	must(store.Close(t.Context(), scope, key, 7, "issue", mapping.Content{}))
	want("cancelled", false)
	if err := intend(); !errors.Is(err, mapping.ErrLinked) {
		t.Errorf("an intention for a record that is linked = %v, want ErrLinked", err)
	}
}
