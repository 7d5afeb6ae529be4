package odootest

import (
	"maps"
	"slices"
	"testing"
	"time"
)

func TestGeneratorMakesSixtyDeadlinesOnce(t *testing.T) {
	t.Parallel()
	s := New(Options{Now: func() time.Time { return recordedAt }})
	s.GenerateDeadlines(1, 2026)
	s.GenerateDeadlines(1, 2026)
	perDay := map[string]int{}
	for _, deadline := range s.Deadlines() {
		perDay[deadline.Due[8:]]++
	}
	if want := map[string]int{"20": 48, "25": 8, "15": 4}; !maps.Equal(perDay, want) {
		t.Errorf("deadlines per day of the month: %v, want %v", perDay, want)
	}
}

func TestDeletedDeadlineComesBackUnderANewID(t *testing.T) {
	t.Parallel()
	s := New(Options{Now: func() time.Time { return recordedAt }})
	s.GenerateDeadlines(1, 2026)
	gone := s.Deadlines()[6]
	s.DeleteDeadline(gone.ID)
	rpc(t, s, "ir.cron", "method_direct_trigger", []int64{23})
	for _, deadline := range s.Deadlines() {
		if deadline.Key == gone.Key && deadline.ID > gone.ID {
			return
		}
	}
	t.Errorf("%s was not generated again", gone.Key)
}

func TestStateGoesStaleUntilTheDateIsWritten(t *testing.T) {
	t.Parallel()
	now := recordedAt
	s := New(Options{Now: func() time.Time { return now }})
	id := s.Add(deadlineModel, map[string]any{"name": "x", "form_type": "1600", "deadline_date": "2026-12-01"})
	states := []string{s.Deadlines()[0].State}
	now = now.AddDate(0, 0, 30)
	s.Change(deadlineModel, id, map[string]any{"name": "renamed"})
	states = append(states, s.Deadlines()[0].State)
	s.Extend(id, "2026-12-01")
	states = append(states, s.Deadlines()[0].State)
	if want := []string{"upcoming", "upcoming", "overdue"}; !slices.Equal(states, want) {
		t.Errorf("states %v, want %v", states, want)
	}
}

func TestFiledComesFromTheReturnAndOutlivesNothingElse(t *testing.T) {
	t.Parallel()
	s := New(Options{Now: func() time.Time { return recordedAt }})
	s.GenerateDeadlines(1, 2026)
	first, second := s.Deadlines()[0], s.Deadlines()[1]
	s.MarkFiled(first.Key)
	rpc(t, s, deadlineModel, "write", []int64{second.ID}, map[string]any{"state": "filed"})
	s.Extend(first.ID, first.Due)
	s.Extend(second.ID, second.Due)
	if got := []string{s.Deadlines()[0].State, s.Deadlines()[1].State}; !slices.Equal(got, []string{"filed", "overdue"}) {
		t.Errorf("after the dates were written again: %v", got)
	}
}

func TestFailedCallLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := New(Options{Now: func() time.Time { return recordedAt }})
	good := map[string]any{"name": "x", "form_type": "1600", "deadline_date": "2026-12-01"}
	bad := map[string]any{"name": "y", "form_type": "none", "deadline_date": "2026-12-01"}
	_, err := tryRPC(s.RoundTripper(), s.Admin(), deadlineModel, "create", []any{[]any{good, bad}}, nil)
	wantClass(t, err, "builtins.ValueError")
	if left := s.Deadlines(); len(left) != 0 || len(s.Writes()) != 0 {
		t.Errorf("records %v and writes %v are left", left, s.Writes())
	}
}

func TestLoadKeepsAllRowsOrNone(t *testing.T) {
	t.Parallel()
	s := New(Options{Now: func() time.Time { return recordedAt }})
	rpc(t, s, deadlineModel, "load", []string{"id", "name", "form_type", "deadline_date"},
		[]any{[]any{"planebridge.a", "a", "1600", "2026-12-01"}, []any{"planebridge.b", "b", "1600", "no day"}})
	if len(s.Deadlines()) != 0 || len(s.ExternalIDs(deadlineModel)) != 0 {
		t.Errorf("a refused load left %v", s.Deadlines())
	}
}

func TestLoadBringsADeletedRecordBack(t *testing.T) {
	t.Parallel()
	s := New(Options{Now: func() time.Time { return recordedAt }})
	load := func() {
		rpc(t, s, deadlineModel, "load", []string{"id", "name", "form_type", "deadline_date"},
			[]any{[]any{"planebridge.a", "a", "1600", "2026-12-01"}})
	}
	load()
	first := s.ExternalIDs(deadlineModel)["planebridge.a"]
	s.DeleteDeadline(first)
	load()
	if again := s.ExternalIDs(deadlineModel)["planebridge.a"]; again == first || again == 0 {
		t.Errorf("id %d again, first %d", again, first)
	}
}

func TestLeastPrivilegeUserIsRefusedSettings(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	for model, method := range map[string]string{
		"ir.config_parameter": "get_param", "ir.model.data": "search_count", "ir.model": "search_count", "base.automation": "search_count",
	} {
		_, err := tryRPC(s.RoundTripper(), s.LeastPrivilege(), model, method, []any{[]any{}}, nil)
		wantClass(t, err, "odoo.exceptions.AccessError")
	}
	if _, err := tryRPC(s.RoundTripper(), s.LeastPrivilege(), deadlineModel, "search_count", []any{[]any{}}, nil); err != nil {
		t.Error(err)
	}
}

func TestDatetimeDomainsIgnoreFractions(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 500_000_000, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	s.Add(deadlineModel, map[string]any{"name": "x", "form_type": "1600", "deadline_date": "2026-12-01"})
	for _, c := range []struct {
		operator, mark string
		want           int64
	}{
		{">", "2026-11-21 10:00:00", 0},
		{">", "2026-11-21 10:00:00.499999", 0},
		{">=", "2026-11-21 10:00:00.500001", 1},
		{">=", "2026-11-21 10:00:01", 0},
	} {
		if got := rpc(t, s, deadlineModel, "search_count", []any{[]any{"write_date", c.operator, c.mark}}); got != c.want {
			t.Errorf("write_date %s %s: %v, want %d", c.operator, c.mark, got, c.want)
		}
	}
	_, err := tryRPC(s.RoundTripper(), s.Admin(), deadlineModel, "search_count",
		[]any{[]any{[]any{"write_date", ">", "2026-11-21T10:00:00Z"}}}, nil)
	wantClass(t, err, "builtins.ValueError")
}

func TestDomainsCombine(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	for _, c := range []struct {
		domain []any
		want   int64
	}{
		{[]any{"|", []any{"form_type", "=", "2550M"}, []any{"form_type", "=", "2550Q"}}, 16},
		{[]any{"!", []any{"period_month", "=", 0}}, 56},
		{[]any{"&", []any{"period_month", ">", 6}, []any{"period_month", "<=", 9}, []any{"form_type", "in", []string{"2550M"}}}, 3},
		{[]any{[]any{"company_id.name", "ilike", "my comp"}}, 60},
		{[]any{[]any{"company_id", "=", "My Company"}, []any{"name", "=like", "1601%/2026"}}, 36},
		{[]any{[]any{"return_id", "!=", false}}, 0},
		{[]any{[]any{1, "=", 1}}, 60},
	} {
		if got := rpc(t, s, deadlineModel, "search_count", c.domain); got != c.want {
			t.Errorf("%v: %v, want %d", c.domain, got, c.want)
		}
	}
}
