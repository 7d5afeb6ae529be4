package odooflow

import (
	"errors"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// Advice says what to do about a failure of Odoo: the model is the one that was asked
// for, and right what its reader needs.
func Advice(err error, model, right string) string {
	switch {
	case errors.Is(err, odoo.ErrDenied):
		return "Check ODOO_LOGIN and ODOO_PASSWORD; an API key of an ordinary user ends after 90 days at most."
	case errors.Is(err, odoo.ErrAccess):
		return "Give the bridge's user the right to read " + model + " (" + right + ")."
	case errors.Is(err, odoo.ErrUnknownModel):
		return "Install the module that defines " + model + " in this database."
	case errors.Is(err, odoo.ErrProtocol):
		return "Is what answers at ODOO_URL an Odoo, and is ODOO_URL its address without a page behind it?"
	case errors.Is(err, odoo.ErrDatabase):
		return "Check ODOO_DB, and whether Odoo can reach its database."
	default:
		return "Is Odoo up, and is ODOO_URL right?"
	}
}
