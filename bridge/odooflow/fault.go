// Package odooflow holds what every flow does alike on Odoo's side: whose fault a
// failure is, and how a comment becomes a note. What a flow mirrors, and how, is
// the flow's own.
package odooflow

import (
	"errors"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// Classify says whose fault a failure of Odoo is, and whether time may heal it.
// Where the client says that trying again may help, it may: an unknown field is no
// bad data while Odoo is changing its models. The result is a *bridge.FlowError; one
// that is judged already stays as it is.
func Classify(err error) error {
	switch {
	case errors.As(err, new(*bridge.FlowError)):
		return err
	case odoo.ClassOf(err) != odoo.Permanent:
		return &bridge.FlowError{Cause: bridge.CauseOdoo, Err: err}
	case errors.Is(err, odoo.ErrDenied):
		return &bridge.FlowError{Cause: bridge.CauseMissingKey, Err: err}
	case errors.Is(err, odoo.ErrUser), errors.Is(err, odoo.ErrAccess):
		return &bridge.FlowError{Cause: bridge.CausePolicy, Permanent: true, Err: err}
	case errors.Is(err, odoo.ErrValue), errors.Is(err, odoo.ErrValidation):
		return &bridge.FlowError{Cause: bridge.CauseData, Permanent: true, Err: err}
	default:
		return &bridge.FlowError{Cause: bridge.CauseOdoo, Err: err}
	}
}

// BadData marks a failure that no other try can heal, because what was to be told
// cannot be.
func BadData(err error) error {
	return &bridge.FlowError{Cause: bridge.CauseData, Permanent: true, Err: err}
}
