package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// RetireDuplicates cancels the work items that stand for a record besides its own, as
// far as nobody but a dedicated bot of ours ever touched them. What a person worked
// on is left for `mappings repair`, because only a person knows which to keep.
func (a *Auditor) RetireDuplicates(ctx context.Context, flow bridge.Flow, key mapping.Key) (retired int, err error) {
	scope := flow.Scope()
	err = ledger.WithLock(ctx, a.mirror.Pool, ledger.LinkOf(key), func(pgx.Tx) error {
		link, err := a.mirror.Links.ByKey(ctx, scope, key)
		if errors.Is(err, mapping.ErrNoLink) || err == nil && link.State != mapping.Linked {
			return nil // A sync binds one of them first.
		}
		if err != nil {
			return err
		}
		return a.mirror.WithFreshCatalog(scope, func() error {
			retired, err = a.retireDuplicates(ctx, scope, link)
			return err
		})
	})
	return retired, err
}

func (a *Auditor) retireDuplicates(ctx context.Context, scope mapping.Scope, link mapping.Link) (retired int, err error) {
	me, err := a.mirror.Plane.Me(ctx)
	if err != nil {
		return 0, fmt.Errorf("asking whose API key it is: %w", err)
	}
	if !me.DedicatedBot() {
		a.reportDuplicate(ctx, link.Key, "", "the API key may be a person's own, so her changes cannot be told from the bridge's")
		return 0, nil
	}
	duplicates, err := a.duplicatesOf(ctx, scope, link)
	if err != nil {
		return 0, err
	}
	for _, duplicate := range duplicates {
		done, err := a.retireUntouched(ctx, scope, link, duplicate, me)
		if err != nil {
			return retired, err
		}
		if done {
			retired++
		}
	}
	return retired, nil
}

// duplicate is a work item that carries the external pair of another one.
type duplicate struct {
	plane.WorkItem
	// younger says that it was made after the one that is linked.
	younger bool
	// children says that a work item is below it, or may be.
	children bool
}

// duplicatesOf lists the project, because a look-up of a pair that two carry fails, and
// because children are known by their parent only.
func (a *Auditor) duplicatesOf(ctx context.Context, scope mapping.Scope, link mapping.Link) ([]duplicate, error) {
	var found []duplicate
	kept, unread, parents := 0, false, make(map[string]bool)
	for item, err := range a.mirror.Plane.WorkItems(ctx, scope.ProjectID, plane.ListOptions{OrderBy: "created_at"}) {
		if errors.Is(err, plane.ErrUnreadable) {
			unread = true // It may be below any of them, so all are left to a person.
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing the duplicates of %s: %w", link.Key, err)
		}
		parents[item.Parent.ID] = true
		switch {
		case item.ID == link.Issue():
			kept = item.SequenceID
		case item.ExternalSource == mapping.ExternalSource && item.ExternalID == string(link.Key):
			found = append(found, duplicate{WorkItem: item})
		}
	}
	for i := range found {
		found[i].younger, found[i].children = kept > 0 && found[i].SequenceID > kept, unread || parents[found[i].ID]
	}
	return found, nil
}

// retireUntouched cancels one duplicate, or says why it does not.
func (a *Auditor) retireUntouched(ctx context.Context, scope mapping.Scope, link mapping.Link, d duplicate, me plane.User) (bool, error) {
	why, err := a.touched(ctx, scope, d, me)
	if err != nil {
		return false, err
	}
	if why != "" {
		a.reportDuplicate(ctx, link.Key, d.ID, why)
		return false, nil
	}
	if err := a.retire(ctx, scope, link.Key, d.ID, keptInstead(link.Issue())); err != nil {
		return false, err
	}
	a.mirror.Logger.WarnContext(ctx, "a work item that was made twice is cancelled; nobody had touched it",
		slog.String("key", string(link.Key)), slog.String("work_item", d.ID), slog.String("kept", link.Issue()))
	return true, nil
}

// touched says why a duplicate is not the bridge's alone; empty when it is.
func (a *Auditor) touched(ctx context.Context, scope mapping.Scope, d duplicate, me plane.User) (string, error) {
	ours := func(user string) bool { return user == me.ID }
	switch {
	case !d.younger:
		return "it is not the younger one", nil
	case d.children:
		return "there are work items below it, or one of the project cannot be read", nil
	case !ours(d.CreatedBy), d.UpdatedBy != "" && !ours(d.UpdatedBy):
		return "somebody else made or changed it", nil
	}
	activities, err := a.mirror.Plane.Activities(ctx, scope.ProjectID, d.ID)
	if err != nil {
		return "", fmt.Errorf("reading the history of duplicate %s: %w", d.ID, err)
	}
	if len(activities) == 0 {
		return "its history is empty, and that of every work item begins with its creation", nil
	}
	for _, activity := range activities {
		if !ours(activity.Actor) {
			return "somebody else is in its history", nil
		}
	}
	comments, err := a.mirror.Plane.Comments(ctx, scope.ProjectID, d.ID)
	if err != nil {
		return "", fmt.Errorf("reading the comments of duplicate %s: %w", d.ID, err)
	}
	for _, comment := range comments {
		if !ours(comment.Actor.ID) {
			return "somebody else commented on it", nil
		}
	}
	return "", nil
}

func (a *Auditor) reportDuplicate(ctx context.Context, key mapping.Key, issue, why string) {
	a.mirror.Logger.WarnContext(ctx, "two work items stand for one record, and a person has to look at them; `mappings repair` keeps the linked one",
		slog.String("key", string(key)), slog.String("work_item", issue), slog.String("why", why))
}

func keptInstead(issue string) string { return "work item " + issue + " is the one that stays" }

// retire takes a duplicate out of the way: it is cancelled, a comment says which work
// item stays, and then its external pair goes. The comment must not claim what a board
// without such a state makes untrue. Without the pair it is nobody's duplicate any more,
// so a crash in between only repeats what was done before.
func (a *Auditor) retire(ctx context.Context, scope mapping.Scope, key mapping.Key, issue, instead string) error {
	if _, err := a.mirror.SentEarlier(ctx, scope, key); err != nil {
		return err
	}
	if err := a.cancelDuplicate(ctx, scope, issue); err != nil {
		return err
	}
	_, err := a.mirror.Plane.CreateComment(a.mirror.NotingCreates(ctx, scope, key), scope.ProjectID, issue, plane.NewComment{
		HTML:           "<p>This work item was made twice for one record of Odoo, so it is cancelled: " + instead + ".</p>",
		ExternalSource: mapping.ExternalSource, ExternalID: string(key) + "#double " + issue,
	})
	if err != nil && !errors.Is(err, plane.ErrConflict) {
		return fmt.Errorf("saying why duplicate %s is cancelled: %w", issue, err)
	}
	if err := a.mirror.Links.SettleCreate(ctx, scope, key); err != nil && !errors.Is(err, mapping.ErrNoLink) {
		return err
	}
	return a.unpair(ctx, scope, issue)
}

func (a *Auditor) cancelDuplicate(ctx context.Context, scope mapping.Scope, issue string) error {
	state, err := a.mirror.Catalog.StateFor(ctx, scope.ProjectID, plane.GroupCancelled)
	if err != nil {
		return fmt.Errorf("choosing the state of duplicate %s: %w", issue, err)
	}
	answered, err := a.mirror.Plane.UpdateWorkItem(ctx, scope.ProjectID, issue, plane.WorkItemPatch{StateID: plane.Set(state.ID)})
	if err != nil {
		return fmt.Errorf("cancelling duplicate %s: %w", issue, err)
	}
	if answered.State.ID != state.ID {
		return fmt.Errorf("cancelling duplicate %s: Plane answered with success and did not take the state %q", issue, state.Name)
	}
	return nil
}

// unpair takes the external pair off a work item.
func (a *Auditor) unpair(ctx context.Context, scope mapping.Scope, issue string) error {
	answered, err := a.mirror.Plane.UpdateWorkItem(ctx, scope.ProjectID, issue, plane.WorkItemPatch{
		ExternalSource: plane.Null[string](), ExternalID: plane.Null[string](),
	})
	if err != nil {
		return fmt.Errorf("taking the external pair off duplicate %s: %w", issue, err)
	}
	if answered.ExternalID != "" {
		return fmt.Errorf("taking the external pair off duplicate %s: Plane answered with success and did not take it off", issue)
	}
	return nil
}
