package odoo19

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"testing"
)

// Web is a browser in which somebody is signed in: it makes the calls that Odoo's
// web client makes.
type Web struct {
	url, login string
	client     *http.Client
}

// NewUser makes an internal user in the groups that the external ids name.
func (i *Instance) NewUser(t testing.TB, login string, groups ...string) User {
	t.Helper()
	user := User{Login: login, Password: login + "-of-a-test"}
	commands := []any{}
	for _, key := range append([]string{"base.group_user"}, groups...) {
		commands = append(commands, []any{4, i.record(t, key)})
	}
	id, ok := i.Call(t, "res.users", "create", []any{map[string]any{
		"name": login, "login": user.Login, "password": user.Password, "group_ids": commands,
	}}, nil).(float64)
	if !ok {
		t.Fatalf("creating user %s gave no id", login)
	}
	user.UID = int64(id)
	return user
}

// SetGroup gives a user the group that an external id names, or takes it away.
func (i *Instance) SetGroup(t testing.TB, user User, key string, member bool) {
	t.Helper()
	command := 3
	if member {
		command = 4
	}
	i.Call(t, "res.users", "write", []any{[]any{user.UID}, map[string]any{"group_ids": []any{[]any{command, i.record(t, key)}}}}, nil)
}

// SignIn opens a browser for a user.
func (i *Instance) SignIn(t testing.TB, user User) *Web {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatalf("making a cookie jar: %v", err)
	}
	w := &Web{url: i.URL, login: user.Login, client: &http.Client{Jar: jar}}
	_, err = post(w.client, w.url+"/web/session/authenticate", map[string]any{"db": i.DB, "login": user.Login, "password": user.Password})
	if err != nil {
		t.Fatalf("signing %s in: %v", user.Login, err)
	}
	return w
}

// Call is a button or a list of the web client.
func (w *Web) Call(t testing.TB, model, method string, args []any, kwargs map[string]any) any {
	t.Helper()
	if kwargs == nil {
		kwargs = map[string]any{}
	}
	result, err := post(w.client, fmt.Sprintf("%s/web/dataset/call_kw/%s/%s", w.url, model, method),
		map[string]any{"model": model, "method": method, "args": args, "kwargs": kwargs})
	if err != nil {
		t.Fatalf("%s.%s as %s: %v", model, method, w.login, err)
	}
	return result
}

// Activity is one line of the list that the clock in the menu opens.
type Activity struct {
	ID       int64  `json:"id"`
	Summary  string `json:"summary"`
	Note     string `json:"note"`
	ResModel string `json:"res_model"`
	State    string `json:"state"`
}

// Activities are what is in the user's list of activities, and the number beside the
// clock.
func (w *Web) Activities(t testing.TB) (list []Activity, counter int) {
	t.Helper()
	found := w.Call(t, "mail.activity", "web_search_read", []any{}, map[string]any{
		"domain": []any{[]any{"user_id.login", "=", w.login}}, "order": "id",
		"specification": map[string]any{"summary": map[string]any{}, "note": map[string]any{}, "res_model": map[string]any{}, "state": map[string]any{}},
	})
	var lines struct {
		Records []Activity `json:"records"`
	}
	reread(t, found, &lines)
	menu, err := post(w.client, w.url+"/mail/data", map[string]any{"fetch_params": []string{"systray_get_activities"}})
	if err != nil {
		t.Fatalf("reading the menu of %s: %v", w.login, err)
	}
	var shown struct {
		Store struct {
			Counter int `json:"activityCounter"`
		} `json:"Store"`
	}
	reread(t, menu, &shown)
	return lines.Records, shown.Store.Counter
}

func reread(t testing.TB, answer, into any) {
	t.Helper()
	raw, err := json.Marshal(answer)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatalf("reading Odoo's answer: %v", err)
	}
}
