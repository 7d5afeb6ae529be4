package planetest

import "testing"

// TestChangesThatSendNoWebhookSendNone holds the list that was measured: what
// of it the simulation has.
func TestChangesThatSendNoWebhookSendNone(t *testing.T) {
	t.Parallel()
	s, client, _ := hooked(t, V1, Options{})
	id := createOverAPI(t, client, `{"name":"a","target_date":"2026-10-20"}`)
	other := createOverAPI(t, client, `{"name":"other"}`)
	label := createOverAPI(t, client, `{"name":"l","color":"#111111"}`, "labels/")
	state := createOverAPI(t, client, `{"name":"s","color":"#111111"}`, "states/")
	comment := createOverAPI(t, client, `{"comment_html":"<p>c</p>"}`, "work-items/"+id+"/comments/")
	second, err := s.Comment("maria", id, "<p>d</p>")
	if err != nil {
		t.Fatal(err)
	}
	s.AddState("Parked", "started")
	quiesce(t, s)
	before, updated := len(s.Deliveries()), updatedAt(t, client, id)
	acts := []struct {
		name string
		do   func() error
	}{
		{"dates in the timeline", func() error { return s.SetDatesInTimeline(id, "2026-10-01", "2026-10-21") }},
		{"archiving in the web client", func() error { return s.Archive("maria", id) }},
		{"taking out of the archive", func() error { return s.Unarchive("maria", id) }},
		{"deleting in the web client", func() error { return s.Delete("maria", other) }},
		{"deleting a comment", func() error { return s.DeleteComment(second) }},
		{"renaming a state", func() error { return s.RenameState("Todo", "To do") }},
		{"deleting a state", func() error { return s.DeleteState("Parked") }},
		{"deleting a label", func() error { return s.DeleteLabel("l") }},
		{"an Intake item", func() error { _, err := s.CreateIntakeItem("maria", NewItem{Name: "i"}); return err }},
		{"archiving the project", func() error { return s.ArchiveProject("maria", recordedProject) }},
		{"restoring the project", func() error { return s.RestoreProject("maria", recordedProject) }},
		{"a member less", func() error { return s.SetProjectRole(recordedProject, "maria", 0) }},
		{"a member more", func() error { return s.SetProjectRole(recordedProject, "maria", 20) }},
	}
	for i, act := range acts {
		if err := act.do(); err != nil {
			t.Errorf("%s: %v", act.name, err)
		}
		if n := len(s.Deliveries()); n != before {
			t.Fatalf("%s sent %d webhooks", act.name, n-before)
		}
		if i == 0 && updatedAt(t, client, id) != updated {
			t.Errorf("%s moved updated_at", act.name)
		}
	}
	for _, request := range [][3]string{
		{"PATCH", "work-items/" + id + "/", `{"name":"a","target_date":"2026-10-21"}`},
		{"DELETE", "work-items/" + id + "/comments/" + comment + "/", ""},
		{"POST", "work-items/" + id + "/links/", `{"url":"https://example.com"}`},
		{"POST", "labels/", `{"name":"m"}`},
		{"PATCH", "states/" + state + "/", `{"name":"t"}`},
		{"DELETE", "states/" + state + "/", ""},
		{"POST", "intake-issues/", `{"issue":{"name":"j"}}`},
		{"DELETE", "work-items/" + id + "/", ""},
	} {
		callAPI(t, client, request[0], request[1], request[2])
		if n := len(s.Deliveries()); n != before {
			t.Fatalf("%v sent %d webhooks", request, n-before)
		}
	}
	if status, _, _ := try(t, client, "GET", "labels/"+label+"/", ""); status != 404 {
		t.Errorf("the deleted label answers %d", status)
	}
}
