package odoo19

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"time"
)

// callLimit is longer than Odoo needs to copy a database and load its models.
const callLimit = 2 * time.Minute

// post sends one JSON-RPC request and gives the result.
func post(client *http.Client, address string, params map[string]any) (any, error) {
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": "call", "id": 1, "params": params})
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("building the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("calling Odoo: %w", err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading Odoo's answer: %w", err)
	}
	var answer struct {
		Result any `json:"result"`
		Error  *struct {
			Data struct {
				Name    string `json:"name"`
				Message string `json:"message"`
			} `json:"data"`
		} `json:"error"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("decoding Odoo's answer (status %d): %w", response.StatusCode, err)
	}
	if answer.Error != nil {
		return nil, fmt.Errorf("%s: %s", answer.Error.Data.Name, answer.Error.Data.Message)
	}
	return answer.Result, nil
}

// callRPC calls one of Odoo's services without a session.
func callRPC(base, service, method string, args []any) (any, error) {
	return post(http.DefaultClient, base+"/jsonrpc", map[string]any{"service": service, "method": method, "args": args})
}

// duplicate copies the template, files included, and loads its models, so that the test's first call
// is not slow.
func (s *server) duplicate(name string) error {
	s.cloning.Lock()
	defer s.cloning.Unlock()
	_, err := callRPC(s.url, "db", "duplicate_database", []any{s.password, templateDatabase, name})
	return err
}

func (s *server) drop(name string) error {
	_, err := callRPC(s.url, "db", "drop", []any{s.password, name})
	return err
}

// makeKey goes the way a person goes on the screens: sign in, describe the key, confirm with the
// password. The key is shown in the last answer and never again.
func makeKey(base, database, login, password string) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", fmt.Errorf("making a cookie jar: %w", err)
	}
	client := &http.Client{Jar: jar}
	if _, err := post(client, base+"/web/session/authenticate",
		map[string]any{"db": database, "login": login, "password": password}); err != nil {
		return "", fmt.Errorf("signing in: %w", err)
	}
	call := func(model, method string, arg any, kwargs map[string]any) (any, error) {
		return post(client, base+"/web/dataset/call_kw/"+model+"/"+method,
			map[string]any{"model": model, "method": method, "args": []any{arg}, "kwargs": kwargs})
	}
	described, err := call("res.users.apikeys.description", "create",
		map[string]any{"name": "test", "duration": "1"}, map[string]any{})
	if err != nil {
		return "", fmt.Errorf("describing the key: %w", err)
	}
	action, err := call("res.users.apikeys.description", "make_key", []any{described}, map[string]any{})
	if err != nil {
		return "", fmt.Errorf("asking for the key: %w", err)
	}
	check, ok := action.(map[string]any)
	if !ok {
		return "", errors.New("asking for the key gave no identity check")
	}
	shown, err := call("res.users.identitycheck", "run_check", []any{check["res_id"]},
		map[string]any{"context": map[string]any{"password": password}})
	if err != nil {
		return "", fmt.Errorf("confirming with the password: %w", err)
	}
	return keyIn(shown)
}

func keyIn(shown any) (string, error) {
	action, ok := shown.(map[string]any)
	if !ok {
		return "", errors.New("the confirmation gave no key")
	}
	values, ok := action["context"].(map[string]any)
	if !ok {
		return "", errors.New("the confirmation gave no key")
	}
	key, ok := values["default_key"].(string)
	if !ok {
		return "", errors.New("the confirmation gave no key")
	}
	return key, nil
}
