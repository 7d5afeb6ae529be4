package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// repairDrift looks whether somebody changed in Plane what Odoo owns. Such an
// edit is put back by a job of its own, which reads the work item anew, or only
// reported, as the policy says. Our own writes come back as webhooks too and are
// no drift.
func (p *deliveries) repairDrift(ctx context.Context, tx pgx.Tx, flow Flow, link mapping.Link, item seenItem, verdict Verdict) Verdict {
	drifted := flow.Ownership().Drifted(link.Written, item.Fields)
	if link.State != mapping.Linked || verdict.accepted != nil || len(drifted) == 0 || p.self.is(ctx, p.plane, item.ActorID) {
		return verdict
	}
	what := fmt.Sprintf("%s was edited in Plane and is Odoo's", joined(drifted))
	p.logger.WarnContext(ctx, "an edit in Plane of what Odoo owns", slog.String("key", string(link.Key)),
		slog.String("fields", joined(drifted)), slog.Bool("put_back", !p.report))
	if p.report {
		verdict.outcome += "; " + what
		return verdict
	}
	if err := p.queue.enqueueMirror(ctx, tx, mirrorJob{Flow: link.Flow, Key: link.Key, Task: taskRepair}); err != nil {
		return RetryLater(CauseOurs, err)
	}
	verdict.outcome += "; " + what + ", so it is put back"
	return verdict
}

func joined(fields []mapping.Field) string {
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = string(field)
	}
	return strings.Join(names, ", ")
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
