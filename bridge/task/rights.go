package task

import (
	"context"
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
)

var _ bridge.RightsReader = (*Flow)(nil)

var errNoTasks = errors.New("the bridge's user may not write tasks in Odoo: give it the group Project / User (project.group_project_user)")

// MissingRights says whether the bridge's user may write tasks.
func (f *Flow) MissingRights(ctx context.Context) ([]error, error) {
	may, err := f.config.Odoo.May(ctx, Model, "write")
	if err != nil {
		return nil, odooflow.Classify(fmt.Errorf("asking whether tasks may be written: %w", err))
	}
	if !may {
		return []error{errNoTasks}, nil
	}
	return nil, nil
}
