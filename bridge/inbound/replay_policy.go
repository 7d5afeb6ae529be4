package inbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

// policyLetters remembers, for each letter that died because Odoo refused, which
// rights the bridge's users lacked when it was tried again. The memory is the
// process's own: one more try after a restart does no harm.
type policyLetters struct {
	mu    sync.Mutex
	tried map[uuid.UUID]string
}

// due are the letters that were not tried with these rights yet. The others are
// remembered, and those that are dead no longer forgotten.
func (p *policyLetters) due(letters []uuid.UUID, rights string) []uuid.UUID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var due []uuid.UUID
	tried := make(map[uuid.UUID]string, len(letters))
	for _, id := range letters {
		if known, again := p.tried[id]; !again || known != rights {
			due = append(due, id)
		}
		tried[id] = rights
	}
	p.tried = tried
	return due
}

// reviveAllowed opens letters again that Odoo refused, once after each change of the
// rights that a flow's user lacks. One that is refused for another reason comes to
// the same end and then waits for a person.
func (d *Deliveries) reviveAllowed(ctx context.Context) (revived int, err error) {
	letters, err := d.revivable(ctx, bridge.CausePolicy)
	if err != nil || len(letters) == 0 {
		return 0, err
	}
	rights, err := d.rights(ctx)
	if err != nil {
		d.Logger.DebugContext(ctx, "which rights are missing cannot be asked now", slog.Any("error", err))
		return 0, nil
	}
	for _, id := range d.policy.due(letters, rights) {
		if err := d.reopen(ctx, id, false); err != nil {
			return revived, err
		}
		revived++
	}
	if revived > 0 {
		d.Logger.InfoContext(ctx, "dead letters that Odoo refused are tried again", slog.Int("deliveries", revived))
	}
	return revived, nil
}

// rights says in one text which rights the users of the flows lack.
func (d *Deliveries) rights(ctx context.Context) (string, error) {
	var lacking []string
	for _, flow := range d.Flows {
		reader, reads := flow.(bridge.RightsReader)
		if !reads {
			continue
		}
		missing, err := reader.MissingRights(ctx)
		if err != nil {
			return "", fmt.Errorf("asking which rights flow %s lacks: %w", flow.Scope().Flow, err)
		}
		if err := errors.Join(missing...); err != nil {
			lacking = append(lacking, flow.Scope().Flow+": "+err.Error())
		}
	}
	return strings.Join(lacking, "\n"), nil
}
