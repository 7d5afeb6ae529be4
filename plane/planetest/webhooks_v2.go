package planetest

import "time"

// v2Names are the keys that webhooks v2 call differently from the REST API.
var v2Names = map[string]string{
	"state": "state_id", "labels": "label_ids", "assignees": "assignee_ids", "project": "project_id",
	"workspace": "workspace_id", "parent": "parent_id", "type": "type_id", "estimate_point": "estimate_point_id",
	"created_by": "created_by_id", "updated_by": "updated_by_id", "issue": "issue_id", "actor": "actor_id",
}

var v2Entities = map[string]string{"issue": "workitem", "issue_comment": "workitem_comment"}

var v2Enums = map[string]string{"issue": "WORK_ITEM", "issue_comment": "WORK_ITEM_COMMENT"}

var v2Actions = map[string]string{"created": "CREATED", "updated": "UPDATED", "deleted": "DELETED"}

// payloadV2 is the body of a v2 webhook. The delivery id changes with each
// attempt, the event id does not; a delete has no data but the old record.
func (s *Server) payloadV2(d *delivery, deliveryID string) (object, bool) {
	data, previous := object{}, s.v2Record(d.change.previous)
	if d.change.action != "deleted" {
		record, ok := s.v2Data(d.change)
		if !ok {
			return nil, false
		}
		data = s.v2Record(record)
	}
	return object{
		{"version", "v2"},
		{"delivery_id", deliveryID},
		{"event_id", d.eventID},
		{"entity_id", d.change.entity},
		{"entity_type", v2Entities[d.change.event]},
		{"event", s.v2Event(d.change)},
		{"webhook_id", d.hook.ID},
		{"workspace_id", s.workspace.id},
		{"data", data},
		{"previous_attributes", previous},
	}, true
}

func (s *Server) v2Event(ch change) string {
	if s.options.V2EnumNames {
		return "WebhookScope.ScopeChoices." + v2Enums[ch.event] + "_" + v2Actions[ch.action]
	}
	return v2Entities[ch.event] + "." + ch.action
}

func (s *Server) v2Data(ch change) (object, bool) {
	if ch.event == "issue" {
		it := s.itemByID(ch.entity)
		if it == nil {
			return nil, false
		}
		return s.itemObject(it, nil), true
	}
	return s.entityData(ch)
}

func (s *Server) v2Record(o object) object {
	renamed := object{}
	for _, m := range o {
		if name, differs := v2Names[m.key]; differs {
			m.key = name
		}
		if t, isTime := m.value.(time.Time); isTime && t.IsZero() {
			m.value = nil
		}
		if m.value == nil && s.options.V2NoneStrings {
			m.value = "None"
		}
		renamed = renamed.set(m.key, m.value)
	}
	return renamed
}
