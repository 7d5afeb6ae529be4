package plane

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

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

// ErrUnknownAction says that an event names an action that DecodeEvent does not know. Later versions of Plane may send
// such; there is nothing wrong with the body.
var ErrUnknownAction = errors.New("the action is not known")

// ErrNoObject says that a body is no JSON object.
var ErrNoObject = errors.New("the body is no JSON object")

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
	// URL is where people open the entity, when the body says so. Plane's own webhooks do not.
	URL string
	// ActorID is who did it: v1 activity.actor.id, else updated_by, else created_by. It recognises our own writes.
	ActorID string
	// ChangedField is v1's activity.field, or in v2 the attribute that changed when it was exactly one.
	ChangedField string
	// StateName and AssigneeName are what the shape of the platform's contract names without an id.
	StateName, AssigneeName string
	// Empty says that the body holds nothing of the entity: what the fields below say is worth nothing then.
	Empty bool
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

// Key returns what recognises an event over all its deliveries: v2's event_id, else the hex SHA-256 of the raw body
// that it was read from. A v1 retry carries a new delivery id but byte for byte the same body.
func (e Event) Key(body []byte) string {
	if e.EventID != "" {
		return e.EventID
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// DecodeEvent reads a webhook body of either version. It accepts what servers and their documentation were seen to
// send: create beside created, workitem.updated, the enum spelling WebhookScope.ScopeChoices.WORK_ITEM_UPDATED, and the
// string "None" for null. It also reads the shape of the platform's contract, which no server sends: event is
// issue.created, and the record stands under issue, its project under project. An entity that it does not know is no
// error; a body that is no JSON object (ErrNoObject), or names no entity and action, is. An action that it does not know
// is ErrUnknownAction. Beside an error stands the event as far as it could be read, so that its key is known.
func DecodeEvent(body []byte) (Event, error) {
	var raw envelope
	if err := json.Unmarshal(body, &raw); err != nil {
		return Event{}, fmt.Errorf("decoding webhook: %w: %w", ErrNoObject, decodeError(err))
	}
	if !isObject(body) { // Which is null.
		return Event{}, fmt.Errorf("decoding webhook: %w", ErrNoObject)
	}
	entity, action, known := splitEvent(string(raw.Event), string(raw.Action))
	if entity == "" || action == "" {
		return Event{EventID: string(raw.EventID)}, fmt.Errorf("decoding webhook: event %.60q with action %.60q is not understood", raw.Event, raw.Action)
	}
	e := Event{
		Version: raw.number(), Entity: entity, Action: action, EventID: string(raw.EventID), DeliveryID: string(raw.DeliveryID),
		WebhookID: string(raw.WebhookID), WorkspaceID: string(raw.WorkspaceID), Previous: raw.Previous.clean(),
	}
	record := raw.record(entity, action)
	if raw.ownShape(entity) {
		e.StateName, e.AssigneeName = record.takeNames()
	}
	if err := e.fill(record); err != nil {
		return Event{EventID: e.EventID}, fmt.Errorf("decoding webhook %s: %w", e.Name(), decodeError(err))
	}
	e.EntityID = firstText(string(raw.EntityID), record.text("id"))
	e.ActorID = firstText(raw.actor(), record.ref("actor"), record.ref("updated_by"), record.ref("created_by"))
	e.ChangedField = raw.changedField()
	e.WorkspaceID = firstText(e.WorkspaceID, record.ref("workspace"))
	e.URL, e.Empty = record.address("url"), len(record) == 0
	e.ProjectID = firstText(record.ref("project"), object{"project": raw.Project}.ref("project"))
	if e.Entity == EntityProject {
		e.ProjectID = e.EntityID
	}
	if !known {
		return e, fmt.Errorf("decoding webhook %.60s: %w", e.Name(), ErrUnknownAction)
	}
	return e, nil
}
