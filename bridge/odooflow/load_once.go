package odooflow

import (
	"context"
	"errors"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// LoadOnce makes a record of Odoo that is never changed afterwards, such as a note of one
// event, and reports whether this call did. name becomes its external id: there is one
// record however often it is asked for. One that somebody removed from the database past
// Odoo stays away, because whoever did so meant it.
func LoadOnce(ctx context.Context, client *odoo.Client, model, name string, values odoo.Values) (created bool, err error) {
	id, err := odoo.NewExternalID(name)
	if err != nil {
		return false, BadData(err)
	}
	_, created, err = client.LoadOnce(ctx, model, id, values)
	if errors.Is(err, odoo.ErrMissing) {
		return false, nil
	}
	return created, err
}
