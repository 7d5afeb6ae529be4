package story

import "fmt"

var forms = []string{"2550M", "1601C", "1601E", "1601F"}

// deadline tells the story of one deadline.
func (t *teller) deadline(i int) {
	year, month := 2099+i/48, 1+i%12
	form := forms[i/12%len(forms)]
	nature := pick(t, Worked, Worked, Worked, Worked, Filed, Filed, Reopened, Vanished, Generated, Deleted, Restored, Archived, TickedOff)
	s := t.begin(fmt.Sprintf("1/%s/%d/%d", form, year, month), nature)
	s.do(AddDeadline, fmt.Sprintf("%s - %02d/%d", form, month, year))
	deadlines[nature](s)
	s.end()
}

// deadlines are the stories by nature. What is left out of each would make its end a
// matter of what the bridge heard first: its page in docs/trust.md says why.
var deadlines = map[Nature]func(*script){
	Worked: func(s *script) {
		s.several(3, 8, s.move, s.move, s.comment, s.label, s.editOwned, s.changeInOdoo, s.assign, s.prioritise)
	},
	TickedOff: func(s *script) {
		s.several(1, 4, s.comment, s.label, s.changeInOdoo)
		s.complete()
		s.do(TickOff, "")
	},
	Filed: func(s *script) {
		s.several(1, 4, s.move, s.comment, s.label, s.editOwned, s.changeInOdoo)
		s.do(File, "")
		s.several(0, 3, s.move, s.comment, s.label, s.changeInOdoo)
	},
	Reopened: func(s *script) {
		s.several(0, 2, s.comment, s.label, s.changeInOdoo)
		s.do(File, "")
		s.several(0, 2, s.comment, s.label, s.changeInOdoo)
		s.do(Reopen, "")
		s.several(0, 2, s.comment, s.label, s.changeInOdoo)
	},
	Vanished: func(s *script) { // Whether a last change went over before it was deleted is a matter of time.
		s.several(1, 4, s.move, s.label, s.assign)
		s.do(DeleteDeadline, "")
	},
	Generated: func(s *script) {
		s.several(0, 3, s.label, s.changeInOdoo)
		s.do(DeleteDeadline, "")
		s.do(AddDeadline, s.acts[0].Value)
		s.several(0, 2, s.changeInOdoo)
	},
	Deleted: func(s *script) {
		s.several(1, 4, s.move, s.label, s.editOwned, s.changeInOdoo)
		s.do(Delete, "")
		s.several(0, 2, s.changeInOdoo)
	},
	Restored: func(s *script) {
		s.several(0, 3, s.comment, s.label, s.changeInOdoo)
		s.do(Archive, "")
		s.several(0, 3, s.comment, s.changeInOdoo)
		s.do(Unarchive, "")
		s.several(0, 3, s.move, s.label, s.editOwned, s.changeInOdoo)
	},
	Archived: func(s *script) {
		s.several(1, 3, s.comment, s.label, s.assign)
		s.do(Archive, "")
	},
}

// several does a few of these things.
func (s *script) several(least, most int, things ...func()) {
	for range least + s.random.IntN(most-least+1) {
		pick(s.teller, things...)()
	}
}

func (s *script) move() {
	group := pick(s.teller, "backlog", "unstarted", "started", "completed", "completed", "cancelled")
	s.record.Completes = s.record.Completes || group == "completed"
	s.do(Move, group)
}

func (s *script) complete() {
	s.record.Completes = true
	s.do(Move, "completed")
}

func (s *script) comment() {
	text := s.html("remark")
	s.do(Comment, text)
	if s.chance(0.25) {
		s.record.Edits = true
		s.act(Act{Kind: EditComment, Value: s.html("second thought"), Second: text})
		s.acts[len(s.acts)-1].Actor = s.acts[len(s.acts)-2].Actor // People edit what they wrote themselves.
	}
}

func (s *script) label() {
	name := pick(s.teller, "urgent!", "ask Maria", "waiting for bank")
	s.do(Label, name)
	if s.chance(0.3) {
		s.do(Unlabel, name)
	}
}

func (s *script) assign() { s.do(Assign, pick(s.teller, "maria", "jose")) }

func (s *script) prioritise() { s.do(Prioritise, pick(s.teller, "urgent", "high", "low", "none")) }

// editOwned changes in Plane what Odoo owns, which is to be reverted.
func (s *script) editOwned() {
	switch s.random.IntN(5) {
	case 0:
		s.do(Rename, s.word("renamed by people"))
	case 1:
		s.do(Describe, s.html("described by people"))
	case 2:
		s.do(SetDue, s.farDay())
	case 3:
		s.do(Unlabel, "area:compliance")
	default:
		s.act(Act{Kind: DragTimeline, Value: s.farDay()})
	}
}

func (s *script) changeInOdoo() {
	if s.chance(0.5) {
		s.do(RenameDeadline, s.word("named in Odoo"))
		return
	}
	s.do(MoveDeadline, s.farDay())
}
