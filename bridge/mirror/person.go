package mirror

import (
	"context"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// People are those who consented that the bridge acts in their names in Plane.
type People interface {
	// As does something with the client of the one person who has an e-mail address.
	// It reports false, and nothing has taken effect, when nobody who consented is
	// known for certain by that address, and when Plane refuses the person: then the
	// bridge does it in its own name. email is asked only if anybody consented.
	As(ctx context.Context, email func(context.Context) (string, error), do func(*plane.Client) error) (acted bool, err error)
}

// send sends a change, in the name of who made it in Odoo where that can be. Which of
// the two it was matters to nothing that follows: the answer is judged by what it
// shows, and so is the webhook that comes of it, whoever its actor is. A change may be
// sent twice, because a PATCH with the same values changes nothing.
func (m *Mirror) send(ctx context.Context, w work, patch plane.WorkItemPatch) (answered plane.WorkItem, err error) {
	update := func(client *plane.Client) error {
		answered, err = client.UpdateWorkItem(ctx, w.scope.ProjectID, w.link.Issue(), patch)
		return err
	}
	if flow, attributes := w.flow.(bridge.Attributor); attributes && m.People != nil && w.isSomebodys() {
		email := func(ctx context.Context) (string, error) { return flow.EmailOf(ctx, w.item().ChangedBy) }
		if acted, err := m.People.As(ctx, email, update); acted {
			return answered, err
		}
	}
	err = update(m.Plane)
	return answered, err
}

// isSomebodys reports whether a change is what somebody did in Odoo. What reverts an
// edit in Plane, which has its reason, is the bridge's own.
func (w work) isSomebodys() bool { return w.item().ChangedBy != 0 && w.step.Reason == "" }
