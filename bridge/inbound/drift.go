package inbound

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// repairDrift looks whether somebody changed in Plane what Odoo owns. Such an
// edit is reverted by a job of its own, which reads the work item anew, or only
// reported, as the policy says. Our own writes come back as webhooks too and are
// no drift.
func (p *Worker) repairDrift(ctx context.Context, tx pgx.Tx, flow bridge.Flow, link mapping.Link, item shown.Item, verdict bridge.Verdict) bridge.Verdict {
	if link.State != mapping.Linked || verdict.Accepted != nil {
		return verdict
	}
	drifted := p.edited(ctx, flow.Ownership().Drifted(link, item.Fields), link, item)
	if len(drifted) == 0 {
		return verdict
	}
	what := fmt.Sprintf("%s was edited in Plane and is Odoo's", mapping.Names(drifted))
	p.Logger.WarnContext(ctx, "an edit in Plane of what Odoo owns", slog.String("key", string(link.Key)),
		slog.String("fields", mapping.Names(drifted)), slog.Bool("reverted", !p.Report))
	if p.Report {
		verdict.Outcome += "; " + what
		return verdict
	}
	if err := p.Queue.EnqueueMirror(ctx, tx, queue.MirrorJob{Flow: link.Flow, Key: link.Key, Task: queue.TaskRepair}); err != nil {
		return bridge.RetryLater(bridge.CauseOurs, err)
	}
	verdict.Outcome += "; " + what + ", so it is reverted"
	return verdict
}

// edited leaves out what a write of ours that is under way explains. Who did the last
// change says nothing of the others: the webhooks of a person's edit and of our own
// write that followed it are one batch, of which the newest is ours.
func (p *Worker) edited(ctx context.Context, drifted []mapping.Field, link mapping.Link, item shown.Item) []mapping.Field {
	return slices.DeleteFunc(drifted, func(field mapping.Field) bool {
		// Plane cleans what is sent, so a field that we are writing may show another value.
		return link.Sends(field) && (link.MayShow(field, item.Fields) || p.self.is(ctx, p.Plane, item.ActorID))
	})
}

// self knows which user of Plane the bridge is. Asking costs one request in the
// life of a process.
type self struct {
	mu sync.Mutex
	id string
}

// is reports whether the bridge itself is the actor. While that cannot be found
// out the answer is no, which at the worst costs a look at the work item.
func (s *self) is(ctx context.Context, client *plane.Client, actorID string) bool {
	if actorID == "" {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == "" {
		me, err := client.Me(ctx)
		if err != nil {
			return false
		}
		s.id = me.ID
	}
	return s.id == actorID
}
