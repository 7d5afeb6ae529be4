package planetest

import "time"

// An activity is one line of a work item's history.
type activity struct {
	id, item, actor      string
	verb, comment        string
	field, before, after any
	at                   time.Time
}

// noteActivity keeps what happened to a work item. Comments are left out of the
// history, as the API leaves them out.
func (s *Server) noteActivity(ch change) {
	if ch.event != "issue" || ch.action == "deleted" {
		return
	}
	a := &activity{id: newID(), item: ch.entity, actor: ch.actor.ID, verb: ch.action, at: s.now()}
	if ch.action == "created" {
		a.comment = "created the issue"
	} else {
		a.describe(ch)
	}
	s.activities = append(s.activities, a)
}

// describe puts a change into words. What was recorded is the priority and the
// archive; other fields follow the priority's pattern.
func (a *activity) describe(ch change) {
	field, _ := ch.field.(string) // It is nothing else; webhooks need it as a value that may be null.
	name := orDefault(apiNames[field], field)
	a.field, a.before, a.after, a.comment = name, ch.before, ch.after, "updated the "+name+" to"
	if name != "archived_at" {
		return
	}
	if ch.after == nil {
		a.before, a.after, a.comment = "archive", "restore", "has restored the issue"
		return
	}
	a.before, a.after, a.comment = nil, "manual_archive", "Actor has archived the issue"
}

// listActivities answers an item's history, the oldest first.
func (s *Server) listActivities(c *call) answer {
	var rows []row
	for _, a := range s.activities {
		if a.item == c.item && s.inProject(c) {
			rows = append(rows, func() object { return s.activityObject(c, a) })
		}
	}
	return c.page(rows)
}

func (s *Server) activityObject(c *call, a *activity) object {
	return object{
		{"id", a.id},
		{"created_at", a.at},
		{"updated_at", a.at.Add(time.Microsecond)},
		{"deleted_at", nil},
		{"verb", a.verb},
		{"field", a.field},
		{"old_value", a.before},
		{"new_value", a.after},
		{"comment", a.comment},
		{"attachments", []string{}},
		{"old_identifier", nil},
		{"new_identifier", nil},
		{"epoch", float64(a.at.Unix())},
		{"project", c.project.id},
		{"workspace", s.workspace.id},
		{"issue", a.item},
		{"issue_comment", nil},
		{"actor", a.actor},
	}
}
