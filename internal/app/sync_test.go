package app

import (
	"fmt"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

func TestOnlyAServerThatDoesNotAnswerIsCalledAway(t *testing.T) {
	t.Parallel()
	refused := &bridge.FlowError{Cause: bridge.CausePolicy, Permanent: true, Err: &odoo.Error{Kind: odoo.ErrAccess}}
	for _, row := range []struct {
		err  error
		says string
	}{
		{plane.ErrServer, "a server is away"},
		{plane.ErrUnreachable, "a server is away"},
		{&bridge.FlowError{Cause: bridge.CauseOdoo, Err: &odoo.Error{Kind: odoo.ErrBusy}}, "a server is away"},
		{plane.ErrForbidden, "Plane refuses them"},
		{plane.ErrBadKey, "Plane refuses them"},
		{refused, "Odoo refuses them"},
		{plane.ErrNoState, ""},
		{plane.ErrConflict, ""},
	} {
		said := whyAll(3, fmt.Errorf("mirroring: %w", row.err))
		if !strings.Contains(said, row.says) || row.says == "" && said != "" {
			t.Errorf("after %v: %q, want %q", row.err, said, row.says)
		}
	}
}
