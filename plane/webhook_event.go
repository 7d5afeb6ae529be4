package plane

import "encoding/json"

// Entity is what an event is about, in v1's words; v2's words are mapped to them.
type Entity string

// The entities that the client knows by name; others come through in Plane's own words.
const (
	EntityWorkItem       Entity = "issue"
	EntityComment        Entity = "issue_comment"
	EntityProject        Entity = "project"
	EntityCycle          Entity = "cycle"
	EntityCycleWorkItem  Entity = "cycle_issue"
	EntityModule         Entity = "module"
	EntityModuleWorkItem Entity = "module_issue"
)

// Action is what happened to the entity.
type Action string

// The actions of events.
const (
	ActionCreated Action = "created"
	ActionUpdated Action = "updated"
	ActionDeleted Action = "deleted"
)

// Event is one webhook, v1 or v2. Handlers look at the state in WorkItem, not at which field fired: one PATCH of
// two fields sends two events with the same state, and the state is read when the webhook is sent, so order says nothing.
type Event struct {
	Version     int // 1 or 2
	Entity      Entity
	Action      Action
	EventID     string // v2 only; stable over retries
	DeliveryID  string // v2 only; new for every attempt. v1 has it in HeaderDelivery alone
	WebhookID   string
	WorkspaceID string
	ProjectID   string
	EntityID    string
	// ActorID is who did it: v1 activity.actor.id, else updated_by, else created_by. It recognises our own writes.
	ActorID string
	// ChangedField is v1's activity.field, or in v2 the attribute that changed when it was exactly one.
	ChangedField string
	// WorkItem is set when Entity is EntityWorkItem. For a v2 deletion it is the record as it was.
	WorkItem *WorkItem
	// Comment is set when Entity is EntityComment.
	Comment *Comment
	// Project is set when Entity is EntityProject.
	Project *Project
	// Previous holds v2's previous_attributes: what changed attributes were before, or the whole deleted record.
	Previous map[string]json.RawMessage
}

// Name returns entity and action as one word, issue.created.
func (e Event) Name() string { return string(e.Entity) + "." + string(e.Action) }
