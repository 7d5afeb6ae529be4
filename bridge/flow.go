package bridge

import (
	"context"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// Flow is one kind of Odoo record that is kept in step with work items of one
// Plane project. A flow reads and writes Odoo; everything about Plane, the queue
// and the database is the core's.
type Flow interface {
	// Scope names the flow and the Plane project it mirrors into.
	Scope() mapping.Scope
	// Model is the Odoo model whose records it mirrors.
	Model() string
	// Ownership says who owns which field of its work items.
	Ownership() mapping.Ownership
	// Wanted reads every record from Odoo and says what each should look like in
	// Plane.
	Wanted(ctx context.Context) (Wanted, error)
	// WantedFor reads the records that may carry a key, or ErrNoRecord.
	WantedFor(ctx context.Context, key mapping.Key) (WantedItem, error)
	// KeyOf reads the key of one record by its id, or ErrNoRecord.
	KeyOf(ctx context.Context, odooID int64) (mapping.Key, error)
	// FromPlane tells Odoo of a linked work item as it is now. It is called again
	// after a crash, and with the same state more than once, so it has to leave
	// the same end whatever ran before.
	FromPlane(ctx context.Context, link mapping.Link, item WorkItemState) Verdict
}

// Wanted is everything a flow wants mirrored.
type Wanted struct {
	Items []WantedItem
	// Conflicts are records that are not mirrored because another record has the
	// same key.
	Conflicts []Conflict
}

// WantedItem is what one record should look like in Plane.
type WantedItem struct {
	Key    mapping.Key
	OdooID int64
	Fields mapping.Fields
	// FromPlane are the fields in which the record has what FromPlane announced and was
	// about to tell it: they are no change of Odoo's, whatever the link says.
	FromPlane []mapping.Field
	// ChangedBy is the user of Odoo who saved the record last; 0 where the flow does
	// not say.
	ChangedBy int64
}

// Conflict is a record that stays out of Plane, and why.
type Conflict struct {
	Key    mapping.Key
	OdooID int64
	// MirroredID is the record that has the key.
	MirroredID int64
}

// WorkItemState is a work item as a webhook or a sweep last saw it.
type WorkItemState struct {
	ID string
	// Fields are its content as Plane keeps it, with all its labels.
	Fields    mapping.Fields
	StateName string
	URL       string
	ActorID   string
	UpdatedAt time.Time
	Deleted   bool
	Archived  bool
}

// Announcer is a flow that makes records in Odoo which it may have to take back.
type Announcer interface {
	// Announces says what FromPlane is about to tell Odoo about a work item, or
	// nothing. The core keeps it on the link, durably, before it calls FromPlane: a
	// telling that took effect and was cut short is known by it, even when the next
	// state of the work item is another.
	Announces(link mapping.Link, item WorkItemState) (notified string)
}

// Retractor is an Announcer that takes back what it told Odoo of a work item when
// the work item itself will not say any more that it holds no longer.
type Retractor interface {
	Announcer
	// Retract takes back what holds no longer and returns what the link keeps of what
	// Odoo was told, also when the work item is forgotten. The core calls it before it
	// forgets a work item that is gone from Plane, and before it closes the work item
	// of a record that is closed in Odoo or gone from there; after a crash it calls it
	// again.
	Retract(ctx context.Context, link mapping.Link) (notified string, err error)
	// ToTakeBack reports whether Odoo was told something of a link's work item that
	// Retract would take back.
	ToTakeBack(link mapping.Link) bool
}

// LabelColorer is a flow that chooses colours for the labels that it wants.
type LabelColorer interface {
	// LabelColor is the colour ("#0ea5e9") that a label is made with; empty leaves it
	// to the core.
	LabelColor(name string) string
}

// Attributor is a flow whose changes are shown in Plane under the name of the person
// who made them in Odoo, where that person consented.
type Attributor interface {
	// EmailOf is the e-mail address by which a user of Odoo is known in Plane. It is
	// empty for who is no person of the office, for the bridge itself, and for an
	// address that is not one user's alone.
	EmailOf(ctx context.Context, odooUserID int64) (string, error)
}

// RightsReader is a flow that knows which rights its user in Odoo lacks.
type RightsReader interface {
	// MissingRights lists them, each as an error that names the right. The error is
	// about asking.
	MissingRights(ctx context.Context) (missing []error, err error)
}

// CommentTaker is a flow that passes people's comments on to Odoo.
type CommentTaker interface {
	// CommentFromPlane passes a comment on, once however often it is called.
	CommentFromPlane(ctx context.Context, link mapping.Link, comment CommentState) Verdict
}

// CommentState is a comment that a person wrote under a linked work item.
type CommentState struct {
	ID     string
	HTML   string
	Author string
	At     time.Time
}

// FlowError is how a flow says whose fault a failure is. An error that is none
// counts as Odoo's, and as one that time may heal.
type FlowError struct {
	Cause     Cause
	Permanent bool
	Err       error
}

func (e *FlowError) Error() string { return e.Err.Error() }

// Unwrap is the failure itself.
func (e *FlowError) Unwrap() error { return e.Err }
