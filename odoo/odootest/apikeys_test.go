package odootest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
)

// json2 calls a method over JSON-2 with a key and gives status and decoded body.
func json2(t *testing.T, s *Server, key, model, method string, args map[string]any) (int, any) {
	t.Helper()
	body, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"http://odoo.test/json/2/"+model+"/"+method, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := s.RoundTripper().RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := sim.DecodeJSON(raw)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return response.StatusCode, decoded
}

func TestExpiredKeyIsRefusedOnlyOverJSON2(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	user := s.LeastPrivilege()
	s.ExpireAPIKey(user.Login)
	if status, _ := json2(t, s, user.APIKey, deadlineModel, "search_count", map[string]any{"domain": []any{}}); status != http.StatusUnauthorized {
		t.Errorf("JSON-2 answered %d", status)
	}
	user.Password = user.APIKey
	if _, err := tryRPC(s.RoundTripper(), user, deadlineModel, "search_count", []any{[]any{}}, nil); err != nil {
		t.Errorf("JSON-RPC refused the cached key: %v", err)
	}
}

func TestKeyRotatesInThreeCalls(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	user := s.LeastPrivilege()
	_, ids := json2(t, s, user.APIKey, "res.users.apikeys.description", "create",
		map[string]any{"vals_list": []any{map[string]any{"name": "rotated", "duration": "90"}}})
	_, action := json2(t, s, user.APIKey, "res.users.apikeys.description", "make_key", map[string]any{"ids": ids})
	check, ok := action.(map[string]any)
	if !ok {
		t.Fatalf("make_key answered %v", action)
	}
	_, shown := json2(t, s, user.APIKey, "res.users.identitycheck", "run_check",
		map[string]any{"ids": []any{check["res_id"]}, "context": map[string]any{"password": user.Password}})
	answer, ok := shown.(map[string]any)
	if !ok {
		t.Fatalf("run_check answered %v", shown)
	}
	values, ok := answer["context"].(map[string]any)
	if !ok {
		t.Fatalf("run_check answered %v", shown)
	}
	key, ok := values["default_key"].(string)
	if !ok || len(key) != 40 || key == user.APIKey {
		t.Fatalf("key of %d characters", len(key))
	}
	if status, _ := json2(t, s, key, deadlineModel, "search_count", map[string]any{"domain": []any{}}); status != http.StatusOK {
		t.Errorf("the new key is answered %d", status)
	}
}

func TestKeyWithoutEndIsForAdministratorsOnly(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	for login, want := range map[Credentials]int{s.Admin(): http.StatusOK, s.LeastPrivilege(): http.StatusUnprocessableEntity} {
		_, ids := json2(t, s, login.APIKey, "res.users.apikeys.description", "create",
			map[string]any{"vals_list": []any{map[string]any{"name": "for ever", "duration": "0"}}})
		if status, _ := json2(t, s, login.APIKey, "res.users.apikeys.description", "make_key", map[string]any{"ids": ids}); status != want {
			t.Errorf("%s: %d, want %d", login.Login, status, want)
		}
	}
}
