package plane

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestTheBaseURLIsJoinedHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://api.plane.so":                  "https://api.plane.so/api/v1/users/me/",
		"https://api.plane.so/":                 "https://api.plane.so/api/v1/users/me/",
		"https://api.plane.so//":                "https://api.plane.so/api/v1/users/me/",
		"https://api.plane.so/api/v1":           "https://api.plane.so/api/v1/users/me/",
		"https://api.plane.so/api/v1/":          "https://api.plane.so/api/v1/users/me/",
		"http://localhost:8000":                 "http://localhost:8000/api/v1/users/me/",
		"https://example.com/plane":             "https://example.com/plane/api/v1/users/me/",
		"https://example.com/plane/":            "https://example.com/plane/api/v1/users/me/",
		"https://example.com/plane/api/v1":      "https://example.com/plane/api/v1/users/me/",
		"https://example.com/plane//api/v1//":   "https://example.com/plane/api/v1/users/me/",
		"https://example.com/myapi/v1":          "https://example.com/myapi/v1/api/v1/users/me/",
		"https://example.com/a%20b/plane":       "https://example.com/a%20b/plane/api/v1/users/me/",
		"https://[::1]:8443/plane":              "https://[::1]:8443/plane/api/v1/users/me/",
		"HTTPS://plane.insightpulseai.com/api/": "https://plane.insightpulseai.com/api/api/v1/users/me/",
	} {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			var got string
			c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				got = r.URL.String()
				return answer(r, 200, `{"id":"u"}`), nil
			}), func(cfg *Config) { cfg.BaseURL = base })
			if _, err := c.Me(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("asked %s, want %s", got, want)
			}
		})
	}
}

func TestEveryFaultOfTheConfigurationIsReportedTogether(t *testing.T) {
	t.Parallel()
	_, err := New(Config{BaseURL: "plane.example.com", Workspace: "two words", Auth: APIKey(" ")})
	for _, want := range []string{"base URL", "workspace", "API key is empty"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %q", err, want)
		}
	}
}

func TestABaseURLWithCredentialsIsRefusedWithoutNamingThem(t *testing.T) {
	t.Parallel()
	_, err := New(Config{BaseURL: "https://u:hunter2@plane.example.com", Workspace: "w", Auth: APIKey("k")})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
}

func TestIdsAreEscapedAndNeverEmpty(t *testing.T) {
	t.Parallel()
	var got string
	c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		got = r.URL.EscapedPath()
		return answer(r, 200, `{"id":"a b"}`), nil
	}))
	if _, err := c.WorkItem(t.Context(), "p/../x", "a b", View{}); err != nil {
		t.Fatal(err)
	}
	if want := "/api/v1/workspaces/insightpulseai/projects/p%2F..%2Fx/work-items/a%20b/"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	for _, id := range []string{"", "..", itemsToken} {
		got = ""
		if err := c.DeleteWorkItem(t.Context(), wireProject, id); !errors.Is(err, ErrInvalid) || got != "" {
			t.Errorf("id %q was sent to %q (error %v)", id, got, err)
		}
	}
}

func TestARedirectIsAnErrorAndIsNotFollowed(t *testing.T) {
	t.Parallel()
	var asked int
	c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		asked++
		return answer(r, 301, ``, "Location", "https://elsewhere.example.com/"), nil
	}))
	_, err := c.Me(t.Context())
	if err == nil || !strings.Contains(err.Error(), "base URL") || asked != 1 {
		t.Errorf("%d requests, error %v", asked, err)
	}
}
