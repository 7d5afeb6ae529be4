package engine_test

import (
	"errors"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// Readiness asks for the project behind everything else that spends the rate limit, so
// that it cannot be asked for a while is usual. It must not end the service.
func TestAProjectThatCannotBeAskedForIsANoteAndNoFailure(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		ask := func() error { return sweep.ProjectsNote(p.ctx, w.planeClient(&fate{}), w.queue, p.bridge.Flows()) }
		if err := ask(); err != nil {
			t.Errorf("a project that is there: %v", err)
		}
		w.plane.Down(true)
		if err := ask(); err == nil || !errors.As(err, new(*bridge.Note)) {
			t.Errorf("a project that cannot be asked for: %v, want a note", err)
		}
	})
}
