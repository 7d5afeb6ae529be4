package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recording is a webhook of a real Plane server: its headers, its raw body and
// the secret that signed it.
type recording struct {
	Secret   string            `json:"secret"`
	Headers  map[string]string `json:"headers"`
	Attempts []struct {
		Headers map[string]string `json:"headers"`
	} `json:"attempts"`
	RawBody string `json:"raw_body"`
}

func readRecordings(t *testing.T) map[string]recording {
	t.Helper()
	files, err := filepath.Glob("../../plane/testdata/wire/webhooks/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	recordings := make(map[string]recording, len(files))
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r recording
		if err := json.Unmarshal(content, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		recordings[filepath.Base(file)] = r
	}
	return recordings
}

func (r recording) request(headers map[string]string) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/api/webhooks/plane", strings.NewReader(r.RawBody))
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	return request
}

func (r recording) house(t *testing.T) house {
	t.Helper()
	secrets := knownSecrets()
	secrets.Webhook = func() []string { return []string{r.Secret} }
	return newHouse(t, secrets)
}

// All recordings were signed with one secret, which is not this test's to choose.
func TestEachRecordedWebhookIsAcceptedWithItsOwnSecret(t *testing.T) {
	t.Parallel()
	receivers := map[string]*Receiver{}
	for name, r := range readRecordings(t) {
		if r.Headers == nil {
			continue // the retry pair has a test of its own
		}
		if receivers[r.Secret] == nil {
			receivers[r.Secret] = r.house(t).receiver
		}
		t.Run(name, func(t *testing.T) {
			status, body := ask(t, receivers[r.Secret], r.request(r.Headers))
			if status != http.StatusOK || body != `{"ok":true}` {
				t.Errorf("answer = %d %s", status, body)
			}
		})
	}
}

func TestTheRecordedRetryPairIsOneEffect(t *testing.T) {
	t.Parallel()
	pair := readRecordings(t)["09-retry-of-one-event.json"]
	if len(pair.Attempts) != 2 {
		t.Fatalf("the recording has %d attempts, want 2", len(pair.Attempts))
	}
	h := pair.house(t)
	for i, want := range []string{`{"ok":true}`, `{"ok":true,"duplicate":true}`} {
		if _, body := ask(t, h.receiver, pair.request(pair.Attempts[i].Headers)); body != want {
			t.Errorf("attempt %d: answer = %s, want %s", i+1, body, want)
		}
	}
	var deliveries, jobs int
	err := h.pool.QueryRow(context.Background(),
		"SELECT (SELECT count(*) FROM ops.plane_webhook_deliveries), (SELECT count(*) FROM ops.work_queue)").Scan(&deliveries, &jobs)
	if err != nil {
		t.Fatal(err)
	}
	if deliveries != 1 || jobs != 1 {
		t.Errorf("%d deliveries and %d jobs kept, want 1 and 1", deliveries, jobs)
	}
}
