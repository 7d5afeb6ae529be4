//go:build odoo19

package odoo19

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"
	"time"
)

// count asks over JSON-2 how many deadlines the user sees.
func count(t *testing.T, i *Instance, user User) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		i.URL+"/json/2/bir.filing.deadline/search_count", bytes.NewReader([]byte(`{"domain": []}`)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+user.APIKey)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Odoo-Database", i.DB)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

func TestOdoo19GeneratorFillsAYear(t *testing.T) {
	t.Parallel()
	i := Start(t)
	i.GenerateDeadlines(t)
	i.GenerateDeadlines(t)
	rows, ok := i.Call(t, "bir.filing.deadline", "search_read", []any{[]any{}},
		map[string]any{"fields": []string{"form_type", "deadline_date", "period_year", "period_month", "state"}}).([]any)
	if !ok {
		t.Fatal("no rows")
	}
	perDay := map[string]int{}
	for _, item := range rows {
		row, ok := item.(map[string]any)
		if !ok {
			t.Fatalf("row %v", item)
		}
		day := fmt.Sprint(row["deadline_date"])
		perDay[day[len(day)-2:]]++
	}
	if want := map[string]int{"20": 48, "25": 8, "15": 4}; !maps.Equal(perDay, want) {
		t.Errorf("deadlines per day of the month: %v, want %v", perDay, want)
	}
}

func TestOdoo19DeadlineHasExactlyTheFieldsOfProduction(t *testing.T) {
	t.Parallel()
	i := Start(t)
	fields, ok := i.Call(t, "bir.filing.deadline", "fields_get", nil,
		map[string]any{"attributes": []string{"type"}}).(map[string]any)
	if !ok {
		t.Fatal("no fields")
	}
	got := map[string]string{}
	for name, described := range fields {
		var field struct {
			Type string `json:"type"`
		}
		raw, err := json.Marshal(described)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &field); err != nil {
			t.Fatal(err)
		}
		got[name] = field.Type
	}
	want := map[string]string{
		"id": "integer", "display_name": "char", "name": "char", "form_type": "selection", "period_month": "integer",
		"period_year": "integer", "deadline_date": "date", "reminder_date": "date", "company_id": "many2one",
		"return_id": "many2one", "state": "selection", "create_date": "datetime", "create_uid": "many2one",
		"write_date": "datetime", "write_uid": "many2one",
	}
	if !maps.Equal(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
}

func TestOdoo19FiledComesThroughTheReturn(t *testing.T) {
	t.Parallel()
	i := Start(t)
	taxReturn := i.Call(t, "bir.tax.return", "create", []any{map[string]any{"name": "r", "form_type": "1600"}}, nil)
	deadline := i.Call(t, "bir.filing.deadline", "create", []any{map[string]any{
		"name": "d", "form_type": "1600", "deadline_date": "2020-01-10", "return_id": taxReturn,
	}}, nil)
	for _, action := range []string{"action_compute", "action_validate", "action_mark_filed"} {
		if got := i.Call(t, "bir.tax.return", action, []any{[]any{taxReturn}}, nil); got != nil {
			t.Errorf("%s answered %v", action, got)
		}
	}
	rows := i.Call(t, "bir.filing.deadline", "read", []any{[]any{deadline}}, map[string]any{"fields": []string{"state"}})
	if want := fmt.Sprint([]any{map[string]any{"id": deadline, "state": "filed"}}); fmt.Sprint(rows) != want {
		t.Errorf("deadline %v, want %s", rows, want)
	}
}

func TestOdoo19DatabasesDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	one, other := Start(t), Start(t)
	one.GenerateDeadlines(t)
	if got := other.Call(t, "bir.filing.deadline", "search_count", []any{[]any{}}, nil); got != 0.0 {
		t.Errorf("the other database has %v deadlines", got)
	}
}

func TestOdoo19LeastPrivilegeUserWorksWithItsKey(t *testing.T) {
	t.Parallel()
	i := Start(t)
	user := i.LeastPrivilege(t)
	if status, body := count(t, i, user); status != http.StatusOK || body != "0" {
		t.Errorf("counting deadlines: %d %s", status, body)
	}
	_, err := callRPC(i.URL, "object", "execute_kw", []any{
		i.DB, user.UID, user.APIKey, "ir.config_parameter", "get_param", []any{"web.base.url"}, map[string]any{},
	})
	if err == nil {
		t.Error("a user without rights read a setting")
	}
}

func TestOdoo19RestartKeepsTheData(t *testing.T) {
	t.Parallel()
	i := StartAlone(t)
	i.GenerateDeadlines(t)
	i.Stop(t)
	if i.server.healthy() {
		t.Error("a stopped server answers")
	}
	before := time.Now()
	i.Restart(t)
	t.Logf("healthy again after %s", time.Since(before).Round(time.Millisecond))
	if got := i.Call(t, "bir.filing.deadline", "search_count", []any{[]any{}}, nil); got != 60.0 {
		t.Errorf("%v deadlines after the restart", got)
	}
}
