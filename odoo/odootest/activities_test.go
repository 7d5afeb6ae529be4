package odootest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The rules of mail.activity, as a real Odoo 19 answers (each was tried there).

// loadActivity loads an activity as a user and gives load()'s first message, empty when it was kept.
func loadActivity(t *testing.T, s *Server, as Credentials, name string, columns map[string]string) string {
	t.Helper()
	fields, row := []string{"id", "summary", "date_deadline"}, []any{"planebridge." + name, name, "2026-11-26"}
	for column, text := range columns {
		fields, row = append(fields, column), append(row, text)
	}
	answer, err := tryRPC(s.RoundTripper(), as, "mail.activity", "load", []any{fields, []any{row}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	messages, _ := answer.(map[string]any)["messages"].([]any)
	if len(messages) == 0 {
		return ""
	}
	return fmt.Sprint(messages[0].(map[string]any)["message"])
}

func TestAnActivityNeedsTheRightToWriteItsDocumentAndAChatterForAnAssignee(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	bridge, bare, maria := s.LeastPrivilege(), s.AddUser("bare", "Accounting/Administrator"), s.AddUser("maria")
	on := func(model, id string, user Credentials) map[string]string {
		columns := map[string]string{"res_model_id/id": model, "res_id": id}
		if user.UID != 0 {
			columns["user_id/.id"] = fmt.Sprint(user.UID)
		}
		return columns
	}
	free := func(user Credentials) map[string]string {
		return map[string]string{"user_id/.id": fmt.Sprint(user.UID)}
	}
	const partner, deadline = "base.model_res_partner", "ipai_bir_tax_compliance.model_bir_filing_deadline"
	const refused = "security restrictions"
	for name, row := range map[string]struct {
		as      Credentials
		columns map[string]string
		want    string
	}{
		"on_contact":                {bridge, on(partner, "1", maria), ""},
		"on_contact_without_right":  {bare, on(partner, "1", maria), refused},
		"on_missing_contact":        {bridge, on(partner, "999", maria), refused},
		"on_deadline":               {bridge, on(deadline, "1", maria), "no attribute 'message_notify'"},
		"on_deadline_for_oneself":   {bridge, on(deadline, "1", bridge), "no attribute 'message_subscribe'"},
		"on_deadline_for_nobody":    {bridge, on(deadline, "1", Credentials{}), ""},
		"free_for_oneself":          {bare, free(bare), ""},
		"free_for_another":          {bridge, free(maria), refused},
		"free_for_another_as_admin": {s.Admin(), free(maria), refused},
	} {
		if got := loadActivity(t, s, row.as, name, row.columns); row.want == "" && got != "" || !strings.Contains(got, row.want) {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}

func TestAnActivityIsInTheListOfItsUserUntilItIsTickedOff(t *testing.T) {
	t.Parallel()
	s := New(Options{Now: func() time.Time { return time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC) }})
	maria := s.AddUser("maria")
	add := func(name, day string) {
		columns := map[string]string{"res_model_id/id": "base.model_res_partner", "res_id": "1", "user_id/.id": fmt.Sprint(maria.UID)}
		if got := loadActivity(t, s, s.LeastPrivilege(), name, columns); got != "" {
			t.Fatal(got)
		}
		s.Change("mail.activity", s.ExternalIDs("mail.activity")["planebridge."+name], map[string]any{"date_deadline": day})
	}
	want := func(open, counter int) {
		t.Helper()
		if list := s.Activities("maria"); len(list.Open) != open || list.Counter != counter {
			t.Errorf("%d in the list and %d beside the clock, want %d and %d", len(list.Open), list.Counter, open, counter)
		}
	}
	add("later", "2026-11-27")
	want(1, 0) // Planned for another day, it is not counted.
	add("today", "2026-11-26")
	add("before", "2026-11-25")
	want(3, 1) // Records are counted, not activities.
	for _, activity := range s.Activities("maria").Open[1:] {
		s.TickOff("maria", activity["id"].(int64))
	}
	want(1, 0)
	found, err := tryRPC(s.RoundTripper(), s.LeastPrivilege(), "ir.model.data", "check_object_reference", []any{"planebridge", "today"}, nil)
	if err != nil || fmt.Sprint(found) != "[mail.activity false]" {
		t.Errorf("an archived activity by its external id: %v, %v", found, err)
	}
}

func TestNobodyTicksOffAnActivityOnAModelWithoutAChatter(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	rpc(t, s, "mail.activity", "create", map[string]any{"res_model_id": deadlineModelID, "res_id": 1, "summary": "look", "user_id": false})
	_, err := tryRPC(s.RoundTripper(), s.Admin(), "mail.activity", "action_feedback", []any{[]int64{1}}, nil)
	wantClass(t, err, "builtins.AttributeError")
	s.DeleteDeadline(1)
	if left := s.Records("mail.activity"); len(left) != 0 {
		t.Errorf("%d activities of a deadline that is gone", len(left))
	}
}

func TestACompanyIsItsOwnContactAndIsHiddenFromUsersOfOthers(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	company := s.AddCompany("Acme Cebu")
	if partner := s.Records("res.company")[1]["partner_id"]; partner == false {
		t.Error("the company has no contact")
	}
	found, err := tryRPC(s.RoundTripper(), s.LeastPrivilege(), "res.company", "search", []any{[]any{[]any{"id", "=", company}}}, nil)
	if err != nil || fmt.Sprint(found) != "[]" {
		t.Errorf("a user of another company finds %v, %v", found, err)
	}
	_, err = tryRPC(s.RoundTripper(), s.LeastPrivilege(), "res.company", "read", []any{[]int64{company}}, nil)
	wantClass(t, err, "odoo.exceptions.AccessError")
}

func TestRightsAreAskedForAsTheVersionHasIt(t *testing.T) {
	t.Parallel()
	for version, class := range map[int]string{17: "builtins.AttributeError", 18: "", 19: ""} {
		s := New(Options{Version: version})
		_, err := tryRPC(s.RoundTripper(), s.Admin(), "res.partner", "has_access", []any{[]any{}, "write"}, nil)
		if class != "" || err != nil {
			wantClass(t, err, class)
		}
		may, err := tryRPC(s.RoundTripper(), s.AddUser("bare"), "res.partner", "check_access_rights", []any{"write", false}, nil)
		if err != nil || may != false {
			t.Errorf("version %d: check_access_rights = %v, %v", version, may, err)
		}
	}
}
