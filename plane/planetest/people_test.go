package planetest

import (
	"slices"
	"strings"
	"testing"
)

func TestPeopleChangeItemsAndWebhooksTellWho(t *testing.T) {
	t.Parallel()
	s, _, to := hooked(t, V1, Options{})
	id, err := s.CreateItem("maria", NewItem{Name: "a", TargetDate: "2026-10-20"})
	if err != nil {
		t.Fatal(err)
	}
	quiesce(t, s)
	for want, act := range map[string]func() error{
		"name":             func() error { return s.RenameItem("maria", id, "b") },
		"description_html": func() error { return s.DescribeItem("maria", id, "<p>d</p>") },
		"priority":         func() error { return s.SetPriority("maria", id, "urgent") },
		"target_date":      func() error { return s.SetTargetDate("maria", id, "") },
		"assignee_ids":     func() error { return s.Assign("maria", id, "maria", "bridge") },
		"label_ids":        func() error { return s.AddLabel("maria", id, "people's own") },
		"state_id":         func() error { return s.MoveItemToState("maria", id, "Done") },
	} {
		if err := act(); err != nil {
			t.Fatal(err)
		}
		quiesce(t, s)
		all := to.all()
		last := all[len(all)-1]
		if last.text(t, "activity", "field") != want || last.text(t, "activity", "actor", "id") != recordedMaria {
			t.Errorf("%s: %s", want, last.body)
		}
	}
	it, _ := s.Item(id)
	if it.Name != "b" || it.Priority != "urgent" || it.TargetDate != "" || len(it.Assignees) != 2 || it.StateGroup != "completed" ||
		!slices.Equal(it.Labels, []string{"people's own"}) || it.Writes != 0 || it.UpdatedBy != recordedMaria {
		t.Errorf("%+v", it)
	}
	if err := s.RemoveLabel("maria", id, "people's own"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Comment("maria", id, "<p>ok</p>"); err != nil {
		t.Fatal(err)
	}
	if it, _ := s.Item(id); len(it.Labels) != 0 || it.Comments[0].HTML != "<p>ok</p>" {
		t.Errorf("%+v", it)
	}
}

func TestPeopleAreToldWhatCannotBeDone(t *testing.T) {
	t.Parallel()
	s, _ := start(t, Options{})
	id, err := s.CreateItem("maria", NewItem{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		"no person":         s.MoveItem("nobody", id, "started"),
		"no such item":      s.RenameItem("maria", "unknown", "b"),
		"no state of group": s.MoveItem("maria", id, "flying"),
		"wrong format":      s.SetTargetDate("maria", id, "tomorrow"),
		"no more than 255":  s.RenameItem("maria", id, strings.Repeat("x", 256)),
		"no such state":     s.RenameState("Nowhere", "Somewhere"),
		"no such project":   s.ArchiveProject("maria", "unknown"),
		"no such item or":   s.MoveItemToProject("maria", id, "unknown"),
		"no such label":     s.DeleteLabel("nothing"),
		"no such comment":   s.EditComment("maria", "unknown", "<p>x</p>"),
		"accepting intake":  s.AcceptIntakeItem("maria", id),
		"dating work item":  s.SetDatesInTimeline(id, "soon", ""),
		"Default state":     s.DeleteState("Backlog"),
		"giving a role":     s.SetProjectRole("unknown", "maria", 20),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestBoardsCanBeRearranged(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	if err := s.RenameState("Done", "Filed"); err != nil {
		t.Fatal(err)
	}
	s.AddState("Waiting", "started")
	states := callAPI(t, client, "GET", "states/?fields=name,group", "")
	for _, want := range []string{`{"name":"Filed","group":"completed"}`, `{"name":"Waiting","group":"started"}`} {
		if !strings.Contains(states, want) {
			t.Errorf("%s lacks %s", states, want)
		}
	}
}

func TestPagesShowItemsToABrowser(t *testing.T) {
	t.Parallel()
	s, client := start(t, Options{})
	id, err := s.CreateItem("maria", NewItem{Name: "<b>1601C</b>", TargetDate: "2026-10-20", DescriptionHTML: "<p>file <i>it</i></p>"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Comment("maria", id, "<p>on <b>it</b></p>"); err != nil {
		t.Fatal(err)
	}
	path := "/insightpulseai/projects/" + recordedProject + "/issues/" + id
	board := callAPI(t, client, "GET", "/", "")
	for _, want := range []string{"&lt;b&gt;1601C&lt;/b&gt;", "2026-10-20", "Backlog", `href="` + path + `"`} {
		if !strings.Contains(board, want) {
			t.Errorf("board lacks %s", want)
		}
	}
	page := callAPI(t, client, "GET", path, "")
	for _, want := range []string{"<p>file <i>it</i></p>", "on it", "maria", "BIR-1"} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %s", want)
		}
	}
}
