package reminder

import (
	"context"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

const contactModel = "res.partner"

// place is where an activity may hang.
type place struct {
	name string
	// find looks the record up.
	find func(ctx context.Context) (odoo.Values, error)
	// explain judges a refusal.
	explain func(ctx context.Context, refusal error) error
}

// placesFor lists where a reminder may hang, best first: on the place that it names,
// because people look there; else on the contact of its company. A record without a
// chatter is none: an activity on it can be given to nobody and ticked off by nobody.
// Without any record it could be the bridge's own user's alone.
func (d Desk) placesFor(r Reminder) []place {
	contact := place{
		name: "on the contact of " + r.Company.Name,
		find: func(ctx context.Context) (odoo.Values, error) {
			id, err := d.contactOf(ctx, r.Company)
			return on("base.model_res_partner", id), err
		},
		explain: d.explainContact,
	}
	if r.Place.Record == 0 {
		return []place{contact}
	}
	return []place{{
		name:    r.Place.Name,
		find:    func(context.Context) (odoo.Values, error) { return on(r.Place.ModelID, r.Place.Record), nil },
		explain: func(_ context.Context, refusal error) error { return odooflow.Classify(refusal) },
	}, contact}
}

func on(modelID string, record int64) odoo.Values {
	return odoo.Values{"res_model_id/id": modelID, "res_id": record}
}

// contactOf finds the contact that a company is.
func (d Desk) contactOf(ctx context.Context, company odoo.Many2One) (int64, error) {
	var found []struct {
		Partner odoo.Many2One `odoo:"partner_id"`
	}
	options := odoo.ReadOptions{Fields: []string{"partner_id"}, Limit: 1}
	err := d.Odoo.SearchRead(ctx, "res.company", odoo.Where("id", "=", company.ID), options, &found)
	if err != nil {
		return 0, odooflow.Classify(fmt.Errorf("looking for the contact of company %s: %w", company.Name, err))
	}
	if len(found) == 0 || found[0].Partner.IsZero() {
		return 0, missingRight(d.hidden(company))
	}
	return found[0].Partner.ID, nil
}

// explainContact says which right is missing when the user may not write contacts:
// Odoo's own words name neither the contact nor the group.
func (d Desk) explainContact(ctx context.Context, refusal error) error {
	may, err := d.Odoo.May(ctx, contactModel, "write")
	if err == nil && !may {
		return missingRight(fmt.Errorf("%w: %w", d.noContacts(), refusal))
	}
	return odooflow.Classify(refusal)
}

// missingRight is a failure that lasts until somebody in Odoo gives the right.
func missingRight(err error) error {
	return &bridge.FlowError{Cause: bridge.CausePolicy, Permanent: true, Err: err}
}
