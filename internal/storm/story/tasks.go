package story

import "fmt"

// taskFields are what either side may change of a task. In one story each of them is
// changed on one side only, so that its last value wins whoever is heard first.
var taskFields = []string{"name", "description", "date", "priority", "state"}

func (t *teller) task(i int) {
	nature := pick(t, TaskShared, TaskShared, TaskShared, TaskShared, TaskShared, TaskGone, TaskRemade, TaskShelved)
	s := t.begin(fmt.Sprintf("task-%02d", i), nature)
	s.do(AddTask, t.word("task"))
	switch nature {
	case TaskGone:
		s.several(1, 3, s.label, s.assign)
		s.do(DeleteTask, "")
	case TaskRemade:
		s.several(1, 3, func() { s.taskInOdoo(pick(t, taskFields...)) }, s.label)
		s.do(Delete, "")
		s.several(0, 2, func() { s.taskInOdoo(pick(t, taskFields...)) })
	case TaskShelved:
		s.several(0, 2, func() { s.taskInOdoo(pick(t, "name", "date")) }, s.comment, s.label)
		s.act(Act{Kind: ChangeTask, Field: "active", Value: "false"})
		if t.chance(0.5) {
			s.act(Act{Kind: ChangeTask, Field: "active", Value: "true"})
		}
	default:
		s.shared()
	}
	s.end()
}

// shared lets both sides work on a task, each on fields of its own.
func (s *script) shared() {
	inPlane := map[string]bool{}
	for _, field := range taskFields {
		inPlane[field] = s.chance(0.6)
	}
	edit := func() {
		field := pick(s.teller, taskFields...)
		if inPlane[field] {
			s.taskInPlane(field)
		} else {
			s.taskInOdoo(field)
		}
	}
	s.several(4, 10, edit, edit, edit, s.comment, s.label, s.assign)
}

func (s *script) taskInPlane(field string) {
	switch field {
	case "name":
		s.do(Rename, s.word("task renamed in Plane"))
	case "description":
		s.do(Describe, s.html("task described in Plane"))
	case "date":
		s.do(SetDue, s.farDay())
	case "priority":
		s.do(Prioritise, pick(s.teller, "urgent", "high", "medium", "none"))
	default:
		s.do(Move, pick(s.teller, "unstarted", "started", "completed", "cancelled"))
	}
}

func (s *script) taskInOdoo(field string) {
	value := map[string]func() string{
		"name":        func() string { return s.word("task renamed in Odoo") },
		"description": func() string { return s.html("task described in Odoo") },
		"date":        func() string { return s.farDay() + " 09:30:00" },
		"priority":    func() string { return pick(s.teller, "0", "1", "2", "3") },
		"state":       func() string { return pick(s.teller, "New", "In Progress", "Done", "Cancelled") },
	}[field]()
	s.act(Act{Kind: ChangeTask, Field: field, Value: value})
}

// own tells the story of a work item that is people's alone.
func (t *teller) own(i int) {
	s := t.begin(fmt.Sprintf("own-%02d", i), Own)
	s.record.Project = pick(t, "bir", "task")
	s.act(Act{Kind: CreateItem, Value: t.word("people's own"), Second: s.record.Project})
	s.several(2, 6, func() { s.do(Rename, t.word("people's own, renamed")) }, s.move, s.label, s.assign, s.comment,
		func() { s.do(Prioritise, pick(t, "urgent", "low")) })
	switch t.random.IntN(5) {
	case 0:
		s.do(Delete, "")
	case 1:
		s.do(Archive, "")
	case 2:
		s.do(Archive, "").do(Unarchive, "")
	}
	s.end()
}
