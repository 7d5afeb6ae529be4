package planetest

import "errors"

// A Version is the shape of a webhook's body.
type Version int

const (
	// V1 is what Community sends: one webhook per changed field, no event id.
	V1 Version = 1
	// V2 is what Plane's documentation describes for Cloud and the commercial
	// editions: one webhook per change, with event_id and previous_attributes.
	V2 Version = 2
)

// A Webhook is a registered receiver.
type Webhook struct {
	ID      string
	URL     string
	Version Version
	// Active is false once the server has given up on the receiver.
	Active bool
}

type hook struct {
	Webhook
	secret string
}

// A change is what happened to one record.
type change struct {
	event, action, entity string
	actor                 Person
	field                 any // nil for a record that was created or deleted
	before, after         any
	previous              object // the old values of all changed fields, for v2
	first                 bool   // the first of the changes of one write
}

// AddWebhook registers a receiver for everything that happens from now on, and
// answers its id. The secret signs each body.
func (s *Server) AddWebhook(url, secret string, version Version) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &hook{Webhook{ID: newID(), URL: url, Version: version, Active: true}, secret}
	s.outbox.hooks = append(s.outbox.hooks, h)
	return h.ID
}

// Webhooks lists the receivers.
func (s *Server) Webhooks() []Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Webhook
	for _, h := range s.outbox.hooks {
		list = append(list, h.Webhook)
	}
	return list
}

// ActivateWebhook switches a receiver on again, as an admin does after the
// server has switched it off.
func (s *Server) ActivateWebhook(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := find(s.outbox.hooks, func(h *hook) bool { return h.ID == id })
	if h == nil {
		return errors.New("no such webhook")
	}
	h.Active = true
	return nil
}

func (s *Server) announceCreated(event, id string, actor Person) {
	s.announce(change{event: event, action: "created", entity: id, actor: actor, first: true})
}

// announceChanges compares what was asked for with what was there, in the order
// in which it was asked. It is the request that is compared, not the result: a
// description that the server sanitises differs every time it is sent.
func (s *Server) announceChanges(event, id string, actor Person, before, requested object) {
	var changes []change
	var previous object
	for _, m := range requested {
		old, known := before.lookup(m.key)
		if !known || sameJSON(old, m.value) {
			continue
		}
		previous = append(previous, member{m.key, old})
		changes = append(changes, change{
			event: event, action: "updated", entity: id, actor: actor, field: m.key, before: old, after: m.value,
		})
	}
	for i, ch := range changes {
		ch.first, ch.previous = i == 0, previous
		s.announce(ch)
	}
}

// announceDeleted reaches v2 receivers only: Community tells nobody.
func (s *Server) announceDeleted(id string, actor Person, before object) {
	s.announce(change{event: "issue", action: "deleted", entity: id, actor: actor, previous: before, first: true})
}

func (s *Server) announce(ch change) {
	s.noteActivity(ch)
	if s.outbox.muted {
		return
	}
	for _, h := range s.outbox.hooks {
		wanted := h.Version == V1 && ch.action != "deleted" || h.Version == V2 && ch.first && ch.event != "project"
		if h.Active && wanted {
			s.enqueue(&delivery{hook: h, change: ch, eventID: newID()})
		}
	}
}

// payloadV1 is the body of a v1 webhook, read at the time it is sent. It is
// false when the record is gone by then; such a webhook is never sent.
func (s *Server) payloadV1(d *delivery) (object, bool) {
	data, ok := s.entityData(d.change)
	if !ok {
		return nil, false
	}
	return object{
		{"event", d.change.event},
		{"action", d.change.action},
		{"webhook_id", d.hook.ID},
		{"workspace_id", s.workspace.id},
		{"data", data},
		{"activity", object{
			{"field", d.change.field},
			{"new_value", d.change.after},
			{"old_value", d.change.before},
			{"actor", personObject(d.change.actor)},
			{"old_identifier", nil},
			{"new_identifier", nil},
		}},
	}, true
}

func (s *Server) entityData(ch change) (object, bool) {
	switch ch.event {
	case "project":
		if p := s.projectByID(ch.entity); p != nil {
			return projectCore(s, p), true
		}
	case "issue_comment":
		if cm := find(s.comments, func(cm *comment) bool { return cm.id == ch.entity }); cm != nil {
			return s.commentObject(cm), true
		}
	case "issue":
		if it := s.itemByID(ch.entity); it != nil {
			return s.shown(it, s.issueData(it)), true
		}
	}
	return nil, false
}

// issueData is a work item as webhooks v1 carry it.
func (s *Server) issueData(it *workItem) object {
	labels := []object{}
	for _, id := range it.labels {
		if l := it.project.labelByID(id); l != nil {
			labels = append(labels, labelLite(l))
		}
	}
	return object{
		{"id", it.id},
		{"labels", labels},
		{"assignees", s.personObjects(it.assignees)},
		{"state", stateLite(it.state)},
		{"description", object{}},
		{"created_at", it.created},
		{"updated_at", it.updated},
		{"deleted_at", it.deleted},
		{"point", it.point},
		{"name", it.name},
		{"description_json", object{}},
		{"description_html", it.descriptionHTML},
		{"description_stripped", stripTags(it.descriptionHTML)},
		{"description_binary", nil},
		{"priority", it.priority},
		{"start_date", orNull(it.startDate)},
		{"target_date", orNull(it.targetDate)},
		{"sequence_id", it.sequence},
		{"sort_order", it.sortOrder},
		{"completed_at", it.completed},
		{"archived_at", orNull(it.archivedAt)},
		{"is_draft", it.draft},
		{"external_source", orNull(it.source)},
		{"external_id", orNull(it.externalID)},
		{"created_by", orNull(it.createdBy)},
		{"updated_by", orNull(it.updatedBy)},
		{"project", it.project.id},
		{"workspace", s.workspace.id},
		{"parent", orNull(it.parent)},
		{"estimate_point", orNull(it.estimatePoint)},
		{"type", nil},
	}
}
