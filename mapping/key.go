// Package mapping keeps which Odoo record is which Plane work item, what was
// last written to the work item, and who owns which of its fields.
package mapping

import (
	"fmt"
	"strings"
)

// ExternalSource marks the work items, labels and comments that the bridge made.
const ExternalSource = "odoo"

// Key is the identity of an Odoo record as Plane's external_id carries it:
// "<model>,<identity>". The identity is the record's id where that is stable,
// and for BIR deadlines the company, form and period, because a deleted deadline
// is generated again under a new id.
type Key string

// MakeKey joins a model and an identity. A model has no comma, so the key can be
// taken apart again.
func MakeKey(model, identity string) Key {
	return Key(model + "," + identity)
}

// Parse takes a key apart into model and identity.
func (k Key) Parse() (model, identity string, err error) {
	model, identity, found := strings.Cut(string(k), ",")
	if !found || model == "" || identity == "" {
		return "", "", fmt.Errorf("external id %q is not of the form <model>,<identity>", string(k))
	}
	return model, identity, nil
}
