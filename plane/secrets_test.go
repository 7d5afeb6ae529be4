package plane

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"golang.org/x/oauth2"
)

const secretKey = "plane_api_0123456789abcdef"

// lockedBuffer collects what is logged.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// TestNoKeyOrTokenIsLoggedOrReported uses every endpoint against servers that answer, refuse, echo the credentials and
// break, at debug level, and searches all that was logged and returned.
func TestNoKeyOrTokenIsLoggedOrReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &lockedBuffer{}
		logger := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		for _, auth := range []Auth{APIKey(secretKey), Bearer(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: secretKey}))} {
			for _, server := range echoingServers() {
				c := clientOver(t, server, func(cfg *Config) { cfg.Auth, cfg.Logger, cfg.Budget = auth, logger, freeBudget{} })
				for _, err := range everyCall(t.Context(), c) {
					if err != nil {
						logger.Error("call failed", slog.Any("err", err))
					}
				}
				logger.Info("client", slog.Any("auth", auth), slog.String("config", fmt.Sprintf("%v %+v %#v", auth, auth, Config{Auth: auth})))
			}
		}
		logged := out.buf.String()
		if !strings.Contains(logged, "plane request") || !strings.Contains(logged, "call failed") {
			t.Fatal("nothing was logged, so nothing is proved")
		}
		if i := strings.Index(logged, secretKey); i >= 0 {
			t.Errorf("the key is in the log: %s", logged[max(0, i-200):i])
		}
	})
}

// echoingServers repeat the credentials that they were sent wherever an error message could take them up.
func echoingServers() []http.RoundTripper {
	echo := func(status int, shape string) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			sent := r.Header.Get("X-API-Key") + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			return answer(r, status, fmt.Sprintf(shape, sent)), nil
		})
	}
	return []http.RoundTripper{
		echo(200, `{"id":"u","note":%q}`), echo(200, `[%q]`), echo(200, `%s`), echo(400, `{"state":["bad %s"],"labels":{"0":["x"]}}`),
		echo(403, `{"detail":"Given API token is not valid: %s"}`), echo(409, `{"error":"%s exists","id":"i"}`), echo(429, `{"error_message":"%s"}`),
		echo(500, `%s`), echo(502, `{"error":"%s"}`),
		roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }),
	}
}

func everyCall(ctx context.Context, c *Client) []error {
	var errs []error
	note := func(_ any, err error) { errs = append(errs, err) }
	note(c.Me(ctx))
	note(c.Projects(ctx))
	note(c.Project(ctx, "p"))
	note(c.States(ctx, "p"))
	note(c.CreateState(ctx, "p", NewState{}))
	note(c.Labels(ctx, "p"))
	note(c.CreateLabel(ctx, "p", NewLabel{}))
	note(c.Members(ctx, "p"))
	note(c.WorkspaceMembers(ctx))
	note(collect(c.WorkItems(ctx, "p", ListOptions{})))
	note(c.WorkItem(ctx, "p", "i", View{}))
	note(c.WorkItemByExternalID(ctx, "p", "s", "e", View{}))
	note(c.CreateWorkItem(ctx, "p", paired))
	note(c.UpdateWorkItem(ctx, "p", "i", WorkItemPatch{}))
	note(nil, c.DeleteWorkItem(ctx, "p", "i"))
	note(c.SearchWorkItems(ctx, "words"))
	note(c.Comments(ctx, "p", "i"))
	note(c.CreateComment(ctx, "p", "i", NewComment{ExternalSource: "s", ExternalID: "e"}))
	note(c.UpdateComment(ctx, "p", "i", "c", CommentPatch{}))
	note(nil, c.DeleteComment(ctx, "p", "i", "c"))
	note(c.Links(ctx, "p", "i"))
	note(c.CreateLink(ctx, "p", "i", NewLink{}))
	r, err := c.Probe(ctx, "p")
	note(nil, err)
	note(nil, fmt.Errorf("report: %+v", r))
	return errs
}

func TestAnAPIKeyPrintsRedactedHoweverItIsPrinted(t *testing.T) {
	t.Parallel()
	key := APIKey(secretKey)
	encoded, err := json.Marshal(map[string]any{"key": key, "config": struct{ K APIKey }{key}})
	if err != nil {
		t.Fatal(err)
	}
	all := string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"} {
		all += fmt.Sprintf(verb, key)
	}
	all += fmt.Sprint(OAuthConfig{ClientSecret: secretKey}) + fmt.Sprintf("%#v", OAuthConfig{ClientSecret: secretKey})
	if strings.Contains(all, secretKey) || strings.Contains(all, fmt.Sprintf("%x", secretKey)) || strings.Contains(all, "plane_api") {
		t.Errorf("the key shows in %s", all)
	}
}

func TestAnErrorKeepsNoWholeBody(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 5000)
	for _, body := range []string{`{"error":"` + long + `"}`, `{"name":["` + long + `"]}`, `<html>` + long + `</html>`} {
		_, err := clientOver(t, &script{steps: []step{says(400, body)}}).Me(t.Context())
		if err == nil || len(err.Error()) > 1000 {
			t.Errorf("the error is %d bytes long", len(err.Error()))
		}
	}
}

func TestManyFieldMessagesAreCutAndSorted(t *testing.T) {
	t.Parallel()
	fields := map[string][]string{}
	for i := range 500 {
		fields[fmt.Sprintf("f%03d", i)] = []string{"bad"}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	_, err = clientOver(t, &script{steps: []step{says(400, string(body))}}).Me(t.Context())
	var e *Error
	if !errors.As(err, &e) || len(e.Fields) != maxFields || err.Error() != e.Error() {
		t.Errorf("%d fields kept", len(e.Fields))
	}
}
