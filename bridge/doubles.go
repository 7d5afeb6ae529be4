package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// doublesAgain is how often one record's doubles are looked at. Those that only a
// person may repair are found by every sweep.
const doublesAgain = 24 * time.Hour

// lookAtDoubles queues a look at the doubles of one record, unless there was one
// today. It is what a sweep calls that found two work items with one external pair.
func (q *Queue) lookAtDoubles(ctx context.Context, flow string, key mapping.Key) error {
	job := mirrorJob{Flow: flow, Key: key, Task: taskDoubles}
	_, err := q.client.Insert(ctx, job, &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: doublesAgain}})
	if err != nil {
		return fmt.Errorf("queueing a look at the doubles of %s: %w", key, err)
	}
	return nil
}

// RetireDoubles cancels the work items that stand for a record besides its own, as
// far as nobody but a dedicated bot of ours ever touched them. What a person worked
// on is left for `mappings repair`, because only a person knows which to keep.
func (m *Mirror) RetireDoubles(ctx context.Context, flow Flow, key mapping.Key) (retired int, err error) {
	scope := flow.Scope()
	err = withLock(ctx, m.pool, "mirror:"+string(key), func(pgx.Tx) error {
		link, err := m.links.ByKey(ctx, scope, key)
		if errors.Is(err, mapping.ErrNoLink) || err == nil && link.State != mapping.Linked {
			return nil // A sync binds one of them first.
		}
		if err != nil {
			return err
		}
		return m.withFreshCatalog(scope, func() error {
			retired, err = m.retireDoubles(ctx, scope, link)
			return err
		})
	})
	return retired, err
}

func (m *Mirror) retireDoubles(ctx context.Context, scope mapping.Scope, link mapping.Link) (retired int, err error) {
	me, err := m.plane.Me(ctx)
	if err != nil {
		return 0, fmt.Errorf("asking whose API key it is: %w", err)
	}
	if !me.DedicatedBot() {
		m.reportDouble(ctx, link.Key, "", "the API key may be a person's own, so her changes cannot be told from the bridge's")
		return 0, nil
	}
	doubles, err := m.doublesOf(ctx, scope, link)
	if err != nil {
		return 0, err
	}
	for _, double := range doubles {
		done, err := m.retireUntouched(ctx, scope, link, double, me)
		if err != nil {
			return retired, err
		}
		if done {
			retired++
		}
	}
	return retired, nil
}

// double is a work item that carries the external pair of another one.
type double struct {
	plane.WorkItem
	// younger says that it was made after the one that is linked.
	younger bool
	// children says that a work item is below it, or may be.
	children bool
}

// doublesOf lists the project, because a look-up of a pair that two carry fails, and
// because children are known by their parent only.
func (m *Mirror) doublesOf(ctx context.Context, scope mapping.Scope, link mapping.Link) ([]double, error) {
	var found []double
	kept, unread, parents := 0, false, make(map[string]bool)
	for item, err := range m.plane.WorkItems(ctx, scope.ProjectID, plane.ListOptions{OrderBy: "created_at"}) {
		if errors.Is(err, plane.ErrUnreadable) {
			unread = true // It may be below any of them, so all are left to a person.
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing the doubles of %s: %w", link.Key, err)
		}
		parents[item.Parent.ID] = true
		switch {
		case item.ID == link.Issue():
			kept = item.SequenceID
		case item.ExternalSource == mapping.ExternalSource && item.ExternalID == string(link.Key):
			found = append(found, double{WorkItem: item})
		}
	}
	for i := range found {
		found[i].younger, found[i].children = kept > 0 && found[i].SequenceID > kept, unread || parents[found[i].ID]
	}
	return found, nil
}

// retireUntouched cancels one double, or says why it does not.
func (m *Mirror) retireUntouched(ctx context.Context, scope mapping.Scope, link mapping.Link, d double, me plane.User) (bool, error) {
	why, err := m.touched(ctx, scope, d, me)
	if err != nil {
		return false, err
	}
	if why != "" {
		m.reportDouble(ctx, link.Key, d.ID, why)
		return false, nil
	}
	if err := m.retire(ctx, scope, link.Key, d.ID, keptInstead(link.Issue())); err != nil {
		return false, err
	}
	m.logger.WarnContext(ctx, "a work item that was made twice is cancelled; nobody had touched it",
		slog.String("key", string(link.Key)), slog.String("work_item", d.ID), slog.String("kept", link.Issue()))
	return true, nil
}

// touched says why a double is not the bridge's alone; empty when it is.
func (m *Mirror) touched(ctx context.Context, scope mapping.Scope, d double, me plane.User) (string, error) {
	ours := func(user string) bool { return user == me.ID }
	switch {
	case !d.younger:
		return "it is not the younger one", nil
	case d.children:
		return "there are work items below it, or one of the project cannot be read", nil
	case !ours(d.CreatedBy), d.UpdatedBy != "" && !ours(d.UpdatedBy):
		return "somebody else made or changed it", nil
	}
	activities, err := m.plane.Activities(ctx, scope.ProjectID, d.ID)
	if err != nil {
		return "", fmt.Errorf("reading the history of double %s: %w", d.ID, err)
	}
	if len(activities) == 0 {
		return "its history is empty, and that of every work item begins with its creation", nil
	}
	for _, activity := range activities {
		if !ours(activity.Actor) {
			return "somebody else is in its history", nil
		}
	}
	comments, err := m.plane.Comments(ctx, scope.ProjectID, d.ID)
	if err != nil {
		return "", fmt.Errorf("reading the comments of double %s: %w", d.ID, err)
	}
	for _, comment := range comments {
		if !ours(comment.Actor.ID) {
			return "somebody else commented on it", nil
		}
	}
	return "", nil
}

func (m *Mirror) reportDouble(ctx context.Context, key mapping.Key, issue, why string) {
	m.logger.WarnContext(ctx, "two work items stand for one record, and a person has to look at them; `mappings repair` keeps the linked one",
		slog.String("key", string(key)), slog.String("work_item", issue), slog.String("why", why))
}

func keptInstead(issue string) string { return "work item " + issue + " is the one that stays" }

// retire takes a double out of the way: it is cancelled, a comment says which work
// item stays, and then its external pair goes. The comment must not claim what a board
// without such a state makes untrue. Without the pair it is nobody's double any more,
// so a crash in between only repeats what was done before.
func (m *Mirror) retire(ctx context.Context, scope mapping.Scope, key mapping.Key, issue, instead string) error {
	if _, err := m.sentEarlier(ctx, scope, key); err != nil {
		return err
	}
	if err := m.cancelDouble(ctx, scope, issue); err != nil {
		return err
	}
	_, err := m.plane.CreateComment(m.notingCreates(ctx, scope, key), scope.ProjectID, issue, plane.NewComment{
		HTML:           "<p>This work item was made twice for one record of Odoo, so it is cancelled: " + instead + ".</p>",
		ExternalSource: mapping.ExternalSource, ExternalID: string(key) + "#double " + issue,
	})
	if err != nil && !errors.Is(err, plane.ErrConflict) {
		return fmt.Errorf("saying why double %s is cancelled: %w", issue, err)
	}
	if err := m.links.SettleCreate(ctx, scope, key); err != nil && !errors.Is(err, mapping.ErrNoLink) {
		return err
	}
	return m.unpair(ctx, scope, issue)
}

func (m *Mirror) cancelDouble(ctx context.Context, scope mapping.Scope, issue string) error {
	state, err := m.catalog.StateFor(ctx, scope.ProjectID, plane.GroupCancelled)
	if err != nil {
		return fmt.Errorf("choosing the state of double %s: %w", issue, err)
	}
	answered, err := m.plane.UpdateWorkItem(ctx, scope.ProjectID, issue, plane.WorkItemPatch{StateID: plane.Set(state.ID)})
	if err != nil {
		return fmt.Errorf("cancelling double %s: %w", issue, err)
	}
	if answered.State.ID != state.ID {
		return fmt.Errorf("cancelling double %s: Plane answered with success and did not take the state %q", issue, state.Name)
	}
	return nil
}

// unpair takes the external pair off a work item.
func (m *Mirror) unpair(ctx context.Context, scope mapping.Scope, issue string) error {
	answered, err := m.plane.UpdateWorkItem(ctx, scope.ProjectID, issue, plane.WorkItemPatch{
		ExternalSource: plane.Null[string](), ExternalID: plane.Null[string](),
	})
	if err != nil {
		return fmt.Errorf("taking the external pair off double %s: %w", issue, err)
	}
	if answered.ExternalID != "" {
		return fmt.Errorf("taking the external pair off double %s: Plane answered with success and did not take it off", issue)
	}
	return nil
}
