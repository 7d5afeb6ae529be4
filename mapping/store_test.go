package mapping_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var scope = mapping.Scope{Flow: "bir", Workspace: "acme", ProjectID: "p1"}

const key = mapping.Key("bir.filing.deadline,1/2550M/2026/1")

func TestAnIntentionIsFreshOnce(t *testing.T) {
	t.Parallel()
	store := mapping.NewStore(pgtest.Pool(t))
	for i, want := range []bool{true, false, false} {
		fresh, err := store.Intend(t.Context(), scope, key, 7, mapping.Fields{})
		if err != nil || fresh != want {
			t.Errorf("intention %d: fresh = %t, %v; want %t", i+1, fresh, err, want)
		}
	}
}

func TestABoundLinkIsFoundFromBothSides(t *testing.T) {
	t.Parallel()
	store := mapping.NewStore(pgtest.Pool(t))
	content := mapping.Content{
		Pushed:  mapping.Fields{Name: "n", Labels: []string{"a"}},
		Written: mapping.Fields{Name: "n", DescriptionHTML: "<p></p>", Labels: []string{"a"}},
	}
	if _, err := store.Intend(t.Context(), scope, key, 7, mapping.Fields{}); err != nil {
		t.Fatal(err)
	}
	if err := store.Bind(t.Context(), scope, key, 7, "issue-1", content); err != nil {
		t.Fatal(err)
	}
	byKey, err := store.ByKey(t.Context(), scope, key)
	if err != nil {
		t.Fatal(err)
	}
	byIssue, err := store.ByIssue(t.Context(), scope.Workspace, "issue-1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(byKey, byIssue); diff != "" {
		t.Errorf("the two sides differ:\n%s", diff)
	}
	if diff := cmp.Diff(content, mapping.Content{Pushed: byKey.LastPushed, Written: byKey.Written}); diff != "" {
		t.Errorf("what was written (-want +got):\n%s", diff)
	}
	if byKey.State != mapping.Linked || byKey.ContentHash != content.Pushed.Hash() {
		t.Errorf("state %s and hash %s, want linked and %s", byKey.State, byKey.ContentHash, content.Pushed.Hash())
	}
}

func TestAWorkItemBelongsToOneRecord(t *testing.T) {
	t.Parallel()
	store := mapping.NewStore(pgtest.Pool(t))
	const other = mapping.Key("bir.filing.deadline,1/2550M/2026/2")
	for _, k := range []mapping.Key{key, other} {
		if _, err := store.Intend(t.Context(), scope, k, 7, mapping.Fields{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Bind(t.Context(), scope, key, 7, "issue-1", mapping.Content{}); err != nil {
		t.Fatal(err)
	}
	if err := store.Bind(t.Context(), scope, other, 8, "issue-1", mapping.Content{}); !errors.Is(err, mapping.ErrIssueTaken) {
		t.Errorf("binding a second record = %v, want ErrIssueTaken", err)
	}
}

func TestAnUnboundLinkIsAnIntentionAgain(t *testing.T) {
	t.Parallel()
	store := mapping.NewStore(pgtest.Pool(t))
	if _, err := store.Intend(t.Context(), scope, key, 7, mapping.Fields{}); err != nil {
		t.Fatal(err)
	}
	if err := store.Bind(t.Context(), scope, key, 7, "issue-1", mapping.Content{Pushed: mapping.Fields{Name: "n"}}); err != nil {
		t.Fatal(err)
	}
	if err := store.NoteNotified(t.Context(), read(t, store).ID, "of the work item that is gone"); err != nil {
		t.Fatal(err)
	}
	if err := store.Unbind(t.Context(), scope, key); err != nil {
		t.Fatal(err)
	}
	link, err := store.ByKey(t.Context(), scope, key)
	if err != nil || link.State != mapping.Intended || link.Issue() != "" || link.LastPushed.Name != "" || link.Notified != "" {
		t.Errorf("link = %+v, %v; want an empty intention", link, err)
	}
	if _, err := store.ByIssue(t.Context(), scope.Workspace, "issue-1"); !errors.Is(err, mapping.ErrNoLink) {
		t.Errorf("the work item is still linked: %v", err)
	}
	// A write that was under way when it was found deleted does not link it again.
	for what, note := range map[string]func(context.Context, mapping.Scope, mapping.Key, int64, string, mapping.Content) error{"confirmed": store.Confirm, "closed": store.Close} {
		if err := note(t.Context(), scope, key, 7, "issue-1", mapping.Content{}); !errors.Is(err, mapping.ErrNoLink) {
			t.Errorf("a write to the unlinked work item is %s: %v", what, err)
		}
	}
}

func TestChangingALinkThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	store := mapping.NewStore(pgtest.Pool(t))
	if err := store.SetState(t.Context(), scope, key, mapping.Broken, "x"); !errors.Is(err, mapping.ErrNoLink) {
		t.Errorf("SetState = %v, want ErrNoLink", err)
	}
}

// bound is a store with one link, and that link as it was read a while ago.
func bound(t *testing.T) (*mapping.Store, mapping.Link) {
	t.Helper()
	store := mapping.NewStore(pgtest.Pool(t))
	if _, err := store.Intend(t.Context(), scope, key, 7, mapping.Fields{}); err != nil {
		t.Fatal(err)
	}
	write(t, store, "as it was read")
	return store, read(t, store)
}

func write(t *testing.T, store *mapping.Store, name string) {
	t.Helper()
	content := mapping.Content{Pushed: mapping.Fields{Name: name}, Written: mapping.Fields{Name: name}}
	if err := store.Bind(t.Context(), scope, key, 7, "issue-1", content); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, store *mapping.Store) mapping.Link {
	t.Helper()
	link, err := store.ByKey(t.Context(), scope, key)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

func TestWhatIsConcludedFromALinkIsNotedOnIt(t *testing.T) {
	t.Parallel()
	store, seen := bound(t)
	taken := mapping.Content{Pushed: mapping.Fields{Name: "heard"}, Written: mapping.Fields{Name: "heard", Priority: "low"}}
	if err := store.NoteSeen(t.Context(), seen, taken); err != nil {
		t.Fatal(err)
	}
	link := read(t, store)
	if diff := cmp.Diff(taken, mapping.Content{Pushed: link.LastPushed, Written: link.Written}); diff != "" {
		t.Errorf("what was noted (-want +got):\n%s", diff)
	}
	if link.ContentHash != taken.Pushed.Hash() || link.State != mapping.Linked || link.Issue() != "issue-1" {
		t.Errorf("the link is %+v, want it as it was but for the content", link)
	}
}

func TestWhatWasConcludedBeforeAWriteDoesNotOverwriteIt(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		note func(t *testing.T, store *mapping.Store, seen mapping.Link) error
	}{
		{"content", func(t *testing.T, store *mapping.Store, seen mapping.Link) error {
			return store.NoteSeen(t.Context(), seen, mapping.Content{Pushed: mapping.Fields{Name: "stale"}, Written: mapping.Fields{Name: "stale"}})
		}},
		{"an error", func(t *testing.T, store *mapping.Store, seen mapping.Link) error {
			return store.SetError(t.Context(), scope, key, seen, "stale")
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			store, seen := bound(t)
			write(t, store, "written meanwhile")
			before := read(t, store)
			if err := row.note(t, store, seen); !errors.Is(err, mapping.ErrNoLink) {
				t.Errorf("noting it = %v, want ErrNoLink", err)
			}
			if diff := cmp.Diff(before, read(t, store)); diff != "" {
				t.Errorf("the link changed (-before +after):\n%s", diff)
			}
		})
	}
}

// The first write of a link leaves a time where there was none.
func TestWhatWasConcludedBeforeTheFirstWriteDoesNotOverwriteIt(t *testing.T) {
	t.Parallel()
	store := mapping.NewStore(pgtest.Pool(t))
	if _, err := store.Intend(t.Context(), scope, key, 7, mapping.Fields{}); err != nil {
		t.Fatal(err)
	}
	seen := read(t, store)
	if err := store.SetError(t.Context(), scope, key, seen, "the first try failed"); err != nil {
		t.Errorf("the error of a link that was never written cannot be noted: %v", err)
	}
	write(t, store, "written meanwhile")
	if err := store.SetError(t.Context(), scope, key, seen, "stale"); !errors.Is(err, mapping.ErrNoLink) {
		t.Errorf("noting an error = %v, want ErrNoLink", err)
	}
	if err := store.NoteSeen(t.Context(), seen, mapping.Content{}); !errors.Is(err, mapping.ErrNoLink) {
		t.Errorf("noting content = %v, want ErrNoLink", err)
	}
	if link := read(t, store); link.LastError != nil || link.LastPushed.Name != "written meanwhile" {
		t.Errorf("the link is %+v, want it as it was written", link)
	}
}
