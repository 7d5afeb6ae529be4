package odoo

import (
	"context"
	"fmt"
	"strings"
)

// PushInstalled tells whether both rules that SetupPush makes for the model are there. A user who may not read rules
// learns it too: Odoo refuses to show him a rule that exists, and says so of an external id that does not (measured on
// Odoo 19). Whether the rules are active and where they post to only administrators can see.
func (c *Client) PushInstalled(ctx context.Context, model string) (bool, error) {
	ids := pushIDs(model)
	for _, id := range []ExternalID{ids.changed, ids.deleted} {
		_, _, err := c.Resolve(ctx, id)
		switch {
		case err == nil, isKind(err, ErrAccess):
		case isKind(err, ErrMissing):
			if !strings.Contains(err.Error(), "gone or hidden") {
				return false, nil
			}
		default:
			return false, fmt.Errorf("looking for the rules of the push: %w", err)
		}
	}
	return true, nil
}
