package mapping

import "slices"

// Owner says who may change a field of a mirrored work item.
type Owner string

// The owners of a field.
const (
	// Odoo owns the field: an edit in Plane is reverted, or only reported, by policy.
	Odoo Owner = "odoo"
	// OdooWhenClosed is for the state: Odoo says when the matter is closed, and
	// among open groups people choose in Plane.
	OdooWhenClosed Owner = "odoo when closed"
	// Suggested fields are written when Odoo's wish changes, and a person's edit
	// in between stays.
	Suggested Owner = "suggested by odoo"
	// Both sides may change the field; when both did since the last write, Odoo
	// wins.
	Both Owner = "both"
)

// Ownership says for each field who owns it. A field that it does not name is
// Plane's alone and never written.
type Ownership map[Field]Owner

// Owned lists the fields of a work item that a full write sets: all that Odoo
// owns, and the state when the matter is closed.
func (o Ownership) Owned(wanted Fields) []Field {
	var owned []Field
	for _, field := range AllFields {
		switch o[field] {
		case Odoo, Both:
			owned = append(owned, field)
		case OdooWhenClosed:
			if wanted.Closed() {
				owned = append(owned, field)
			}
		case Suggested:
		}
	}
	return owned
}

// Alone reports whether a field is Odoo's alone: what people do with it in Plane is
// reverted. The state is, while the matter is closed.
func (o Ownership) Alone(field Field, wanted Fields) bool {
	return o[field] == Odoo || o[field] == OdooWhenClosed && wanted.Closed()
}

// Drifted lists the fields that Odoo owns and that somebody changed in Plane
// since they were written. They are compared with what Plane answered to the last
// write, not with what was sent: Plane cleans HTML, so the two differ without
// anybody's doing. Whether the state is Odoo's is told by what was sent: a work item
// that people had closed before it was linked is shown closed and theirs to open.
func (o Ownership) Drifted(link Link, current Fields) []Field {
	var drifted []Field
	for _, field := range link.Written.Differing(current) {
		switch o[field] {
		case Odoo:
			if field != FieldLabels || !containsAll(current.Labels, link.Written.Labels) {
				drifted = append(drifted, field)
			}
		case OdooWhenClosed:
			if link.LastPushed.Closed() {
				drifted = append(drifted, field)
			}
		case Suggested, Both:
		}
	}
	return drifted
}

// Shared lists the fields that both sides may change.
func (o Ownership) Shared() []Field {
	var shared []Field
	for _, field := range AllFields {
		if o[field] == Both {
			shared = append(shared, field)
		}
	}
	return shared
}

// Edited lists the fields of both sides that were changed in Plane since they were
// written or last seen.
func (o Ownership) Edited(written, current Fields) []Field {
	return slices.DeleteFunc(written.Differing(current), func(field Field) bool { return o[field] != Both })
}

// containsAll reports whether every label of the bridge is still there; labels
// that people added are theirs.
func containsAll(labels, ours []string) bool {
	return !slices.ContainsFunc(ours, func(label string) bool { return !slices.Contains(labels, label) })
}
