package plane

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
)

// envelope is the outermost object of a webhook body, both versions in one.
type envelope struct {
	Version     looseText `json:"version"`
	Event       looseText `json:"event"`
	Action      looseText `json:"action"`
	EventID     looseText `json:"event_id"`
	DeliveryID  looseText `json:"delivery_id"`
	EntityID    looseText `json:"entity_id"`
	WebhookID   looseText `json:"webhook_id"`
	WorkspaceID looseText `json:"workspace_id"`
	Data        object    `json:"data"`
	Previous    object    `json:"previous_attributes"`
	Activity    object    `json:"activity"`

	// The contract's own shape names the record by what it is, and its project beside it.
	Issue    object          `json:"issue"`
	WorkItem object          `json:"work_item"`
	Comment  object          `json:"comment"`
	Project  json.RawMessage `json:"project"`
}

// looseText is a string, or "" for null, "None" and anything that is no string; an odd value in a field that is only
// passed on must not lose the event.
type looseText string

func (t *looseText) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) != nil || isNull(text) {
		text = ""
	}
	*t = looseText(text)
	return nil
}

// object is a JSON object whose values are read later; anything else reads as none.
type object map[string]json.RawMessage

func (o *object) UnmarshalJSON(b []byte) error {
	var fields map[string]json.RawMessage
	if json.Unmarshal(b, &fields) != nil {
		fields = nil
	}
	*o = fields
	return nil
}

func isObject(body []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) }

func isNull(text string) bool { return text == "" || text == "None" }

// freeText are the fields in which the word None may be what somebody wrote.
var freeText = map[string]bool{"name": true, "description": true, "description_html": true, "description_stripped": true, "comment_html": true, "external_id": true}

// clean reads "None" as null, at any depth that Plane uses it: the record's own fields.
func (o object) clean() object {
	for name, value := range o {
		if string(value) == `"None"` && !freeText[name] {
			o[name] = json.RawMessage("null")
		}
	}
	return o
}

// text returns a field that is a string, else "".
func (o object) text(name string) string {
	var text looseText
	if value, ok := o[name]; ok && json.Unmarshal(value, &text) == nil {
		return string(text)
	}
	return ""
}

// ref returns the id of a reference: name itself as id or object, or v2's name_id.
func (o object) ref(name string) string {
	var ref Ref[struct{}]
	if value, ok := o[name]; ok && json.Unmarshal(value, &ref) == nil && ref.ID != "" {
		return ref.ID
	}
	return o.text(name + "_id")
}

// record returns the entity's fields. A v2 deletion has none in data and the old record in previous_attributes; of a
// change these hold what was before and is not any more.
func (e envelope) record(entity Entity, action Action) object {
	records := []object{e.Data, e.named(entity)}
	if action == ActionDeleted {
		records = append(records, e.Previous)
	}
	for _, record := range records {
		if len(record) > 0 {
			return record.clean().withV1Names()
		}
	}
	return object{}
}

// named returns the record where the contract's own shape has it: under the entity's name.
func (e envelope) named(entity Entity) object {
	switch entity {
	case EntityWorkItem:
		if len(e.Issue) > 0 {
			return e.Issue
		}
		return e.WorkItem
	case EntityComment:
		return e.Comment
	case EntityProject:
		return object{"": e.Project}.object("")
	default:
		return nil
	}
}

// ownShape reports whether the body has the shape of the platform's contract.
func (e envelope) ownShape(entity Entity) bool { return len(e.Data) == 0 && len(e.named(entity)) > 0 }

// takeNames takes out of a record what is named and has no id: its state, and the first of the people in it. Plane's
// own bodies have an id everywhere, and one that is missing there is a mistake.
func (o object) takeNames() (state, person string) {
	if named := o.object("state"); len(named) > 0 && named.text("id") == "" {
		state = named.text("name")
		delete(o, "state")
	}
	for _, list := range []string{"assignees", "labels"} {
		var all, known []object
		if json.Unmarshal(o[list], &all) != nil {
			continue
		}
		for _, one := range all {
			switch {
			case one.text("id") != "":
				known = append(known, one)
			case list == "assignees":
				person = firstText(person, one.text("display_name"))
			}
		}
		if len(known) < len(all) && len(all[0]) > 0 { // A list of bare ids stays as it is.
			o[list] = encodeObjects(known)
		}
	}
	return state, person
}

// encodeObjects cannot fail: the values in them are JSON already.
func encodeObjects(objects []object) json.RawMessage {
	encoded, err := json.Marshal(objects)
	if err != nil {
		return json.RawMessage("null")
	}
	return encoded
}

// object returns a field that is an object, else none.
func (o object) object(name string) object {
	var fields object
	if value, ok := o[name]; ok && json.Unmarshal(value, &fields) == nil {
		return fields
	}
	return nil
}

// address returns a field that is the address of a page. Anything else in its place is left out: people follow it.
func (o object) address(name string) string {
	address := o.text(name)
	if parsed, err := url.Parse(address); err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http") {
		return ""
	}
	return address
}

// v1Names are v2's names for references, with the names under which v1 and the REST API know them.
var v1Names = map[string]string{
	"state_id": "state", "label_ids": "labels", "assignee_ids": "assignees", "project_id": "project",
	"parent_id": "parent", "workspace_id": "workspace", "created_by_id": "created_by", "updated_by_id": "updated_by",
	"issue_id": "issue", "work_item_id": "issue", "workitem_id": "issue", "actor_id": "actor",
}

// withV1Names gives v2's references the names of v1, where v1's are not there already.
func (o object) withV1Names() object {
	named := make(object, len(o))
	for name, value := range o {
		if known, ok := v1Names[name]; ok && len(o[known]) == 0 {
			name = known
		}
		named[name] = value
	}
	return named
}

func (e envelope) number() int {
	if e.Version == "v2" || e.Version == "2" || e.EventID != "" {
		return 2
	}
	return 1
}

func (e envelope) actor() string { return e.Activity.ref("actor") }

func (e envelope) changedField() string {
	if field := e.Activity.text("field"); field != "" {
		return field
	}
	if len(e.Data) == 0 || len(e.Previous) != 1 {
		return ""
	}
	for name := range e.Previous {
		return name
	}
	return ""
}

// besides are the fields of a record by which nothing is done. An odd value in one of them must not lose the event.
var besides = map[string]func([]byte) error{
	"sequence_id": reads[int], "is_draft": reads[bool], "start_date": reads[Date], "created_at": reads[Time], "completed_at": reads[Time],
}

func reads[T any](value []byte) error { return json.Unmarshal(value, new(T)) }

// withoutOdd takes such values out.
func (o object) withoutOdd() object {
	for name, read := range besides {
		if value, given := o[name]; given && read(value) != nil {
			delete(o, name)
		}
	}
	return o
}

// fill decodes the record into the type of the entity.
func (e *Event) fill(record object) error {
	var target any
	switch e.Entity {
	case EntityWorkItem:
		e.WorkItem = &WorkItem{}
		target = e.WorkItem
	case EntityComment:
		e.Comment = &Comment{}
		target = e.Comment
	case EntityProject:
		e.Project = &Project{}
		target = e.Project
	default:
		return nil
	}
	encoded, err := json.Marshal(record.withoutOdd())
	if err != nil {
		return err
	}
	return json.Unmarshal(encoded, target)
}

// entityWords maps every spelling that was seen to the one that Event uses.
var entityWords = map[string]Entity{
	"workitem": EntityWorkItem, "work_item": EntityWorkItem, "issue": EntityWorkItem,
	"workitem_comment": EntityComment, "work_item_comment": EntityComment, "issue_comment": EntityComment, "comment": EntityComment,
	"cycle_workitem": EntityCycleWorkItem, "cycle_work_item": EntityCycleWorkItem,
	"module_workitem": EntityModuleWorkItem, "module_work_item": EntityModuleWorkItem,
}

var actionWords = map[string]Action{
	"create": ActionCreated, "created": ActionCreated,
	"update": ActionUpdated, "updated": ActionUpdated,
	"delete": ActionDeleted, "deleted": ActionDeleted,
}

// splitEvent reads event and action: "issue" with "created", "workitem.updated", "workitem.comment.created" and
// "WebhookScope.ScopeChoices.WORK_ITEM_UPDATED". An action that is not known keeps its own name.
func splitEvent(event, action string) (entity Entity, what Action, known bool) {
	event, enum := strings.CutPrefix(event, "WebhookScope.ScopeChoices.")
	event = strings.ToLower(event)
	if action == "" {
		cut := strings.LastIndexByte(event, '.')
		if enum {
			cut = strings.LastIndexByte(event, '_')
		}
		if cut < 0 {
			return "", "", false
		}
		event, action = event[:cut], event[cut+1:]
	}
	if before, last, dotted := cutLast(event, '.'); dotted && action != "" && sameAction(last, action) {
		event = before // It names the action as well.
	}
	event = strings.ReplaceAll(event, ".", "_")
	if spelled, ok := entityWords[event]; ok {
		event = string(spelled)
	}
	action = strings.ToLower(action)
	if spelled, ok := actionWords[action]; ok {
		return Entity(event), spelled, true
	}
	return Entity(event), Action(action), false
}

func cutLast(text string, separator byte) (before, last string, found bool) {
	cut := strings.LastIndexByte(text, separator)
	if cut < 0 {
		return text, "", false
	}
	return text[:cut], text[cut+1:], true
}

// sameAction reports whether two words are spellings of one action.
func sameAction(one, other string) bool {
	spelled, known := actionWords[strings.ToLower(one)]
	return known && spelled == actionWords[strings.ToLower(other)]
}

func firstText(candidates ...string) string {
	for _, text := range candidates {
		if text != "" {
			return text
		}
	}
	return ""
}
