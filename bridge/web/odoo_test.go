package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
)

func pushed(token string, body []byte) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/api/webhooks/odoo?token="+token, bytes.NewReader(body))
	request.Header.Set("User-Agent", "python-requests/2.32.3")
	request.Header.Set("Content-Type", "application/json")
	return request
}

func TestEveryRecordedPushOfOdooIsQueued(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/odoo_pushes/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	h, records := newHouse(t, knownSecrets()), make(map[odooChange]bool)
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var change odooChange
		if err := json.Unmarshal(body, &change); err != nil {
			t.Fatal(err)
		}
		records[change] = true
		if status, answer := ask(t, h.receiver, pushed(testToken, body)); status != 200 || answer != `{"ok":true}` {
			t.Errorf("%s: answer = %d %s", file, status, answer)
		}
	}
	if queued := h.hints(t); queued != len(records) {
		t.Errorf("%d changes queued, want %d", queued, len(records))
	}
}

// changesWithoutDatabase is a queue whose database is away.
type changesWithoutDatabase struct{}

func (changesWithoutDatabase) OdooChanged(context.Context, string, int64) error {
	return errors.New("the database is away")
}

// Odoo tells of each record that it saves, which may be sixty in a second.
func TestManyChangesThatCannotBeQueuedAreOneLineAMinute(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	h := newHouse(t, knownSecrets())
	receiver := newReceiver(h.receiver.inbox, changesWithoutDatabase{}, knownSecrets(), observe.NewHealth(), observe.NewMetrics(nil, nil, nil), slog.New(slog.NewTextHandler(&log, nil)))
	for range 60 {
		if status, _ := ask(t, receiver, pushed(testToken, []byte(`{"_model": "bir.filing.deadline", "_id": 1}`))); status != http.StatusInternalServerError {
			t.Fatalf("a change without a database was answered %d, want 500", status)
		}
	}
	if n := strings.Count(log.String(), "a change in Odoo was not queued"); n != 1 {
		t.Errorf("60 changes within a second are %d lines, want one", n)
	}
}

// stuckChanges is a queue whose database does not answer.
type stuckChanges struct{}

func (stuckChanges) OdooChanged(ctx context.Context, _ string, _ int64) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func TestOdooIsNotKeptWaitingForADatabaseThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		receiver := newReceiver(nil, stuckChanges{}, knownSecrets(), observe.NewHealth(), observe.NewMetrics(nil, nil, nil), quiet)
		began := time.Now()
		status, _ := ask(t, receiver, pushed(testToken, []byte(`{"_model": "bir.filing.deadline", "_id": 7}`)))
		if status != 500 || time.Since(began) > changeWithin {
			t.Errorf("answer = %d after %s, want 500 after %s", status, time.Since(began), changeWithin)
		}
	})
}

// brokenChanges fails, or has a defect.
type brokenChanges struct{ panics bool }

func (b brokenChanges) OdooChanged(context.Context, string, int64) error {
	if b.panics {
		panic("a defect")
	}
	return errors.New("the database is away")
}

func TestTheTokenOfAPushIsNeverLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	const change, guess = `{"_model": "bir.filing.deadline", "_id": 7}`, "guessed-token"
	for _, changes := range []changeQueue{brokenChanges{}, brokenChanges{panics: true}} {
		receiver := newReceiver(nil, changes, knownSecrets(), observe.NewHealth(), observe.NewMetrics(nil, nil, nil), logger)
		for _, token := range []string{testToken, guess} {
			for _, body := range []string{change, "{}", "no JSON"} {
				_, answer := ask(t, receiver, pushed(token, []byte(body)))
				if strings.Contains(answer, token) {
					t.Errorf("the answer shows the token: %s", answer)
				}
			}
		}
	}
	if log.Len() == 0 {
		t.Fatal("nothing was logged, so nothing was tested")
	}
	for _, secret := range []string{testToken, guess, "token="} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log shows %q:\n%s", secret, log.String())
		}
	}
}

func TestOneHintWaitsForEachRecordHoweverOftenItIsSaved(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knownSecrets())
	var sent sync.WaitGroup
	for range 20 {
		sent.Go(func() {
			for _, id := range []int64{7, 8} {
				if err := h.queue.OdooChanged(t.Context(), "project.task", id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sent.Wait()
	if queued := h.hints(t); queued != 2 {
		t.Errorf("%d hints wait, want 2", queued)
	}
	h.execute(t, "UPDATE ops.river_job SET state = 'retryable', scheduled_at = now() + interval '10 minutes'")
	if err := h.queue.OdooChanged(t.Context(), "project.task", 7); err != nil {
		t.Fatal(err)
	}
	var due int
	if err := h.pool.QueryRow(t.Context(), "SELECT count(*) FROM ops.river_job WHERE scheduled_at <= now()").Scan(&due); err != nil {
		t.Fatal(err)
	}
	if queued := h.hints(t); queued != 2 || due != 1 {
		t.Errorf("%d hints wait, %d of them are due; want 2, and the one that came again due", queued, due)
	}
	h.execute(t, "UPDATE ops.river_job SET state = 'running'")
	if err := h.queue.OdooChanged(t.Context(), "project.task", 7); err != nil {
		t.Fatal(err)
	}
	if queued := h.hints(t); queued != 3 {
		t.Errorf("%d hints, want 3: one that is worked on may have read the record already", queued)
	}
}

func TestHintsBeyondTheBoundAreLeftToTheSync(t *testing.T) {
	t.Parallel()
	h := newHouseWith(t, knownSecrets(), queue.Config{MaxHints: 2})
	for id, want := range []int{1: 200, 2: 200, 3: 503} {
		if want == 0 {
			continue
		}
		body := fmt.Sprintf(`{"_model": "project.task", "_id": %d}`, id)
		if status, answered := ask(t, h.receiver, pushed(testToken, []byte(body))); status != want {
			t.Errorf("record %d: %d %s, want %d", id, status, answered, want)
		}
	}
}

func (h house) hints(t *testing.T) int {
	t.Helper()
	var n int
	if err := h.pool.QueryRow(t.Context(), "SELECT count(*) FROM ops.work_queue WHERE source = 'odoo'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (h house) execute(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := h.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
