package engine_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// recordedLetters are all recorded webhooks in their order, signed for this world.
func recordedLetters(t *testing.T) []letter {
	t.Helper()
	files, err := filepath.Glob("../../plane/testdata/wire/webhooks/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	var letters []letter
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			RawBody string `json:"raw_body"`
		}
		if err := json.Unmarshal(content, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		header := http.Header{"Content-Type": {"application/json"}}
		header.Set(plane.HeaderDelivery, uuid.NewString())
		header.Set(plane.HeaderSignature, plane.Sign(faultSecret, []byte(r.RawBody)))
		letters = append(letters, letter{header, []byte(r.RawBody)})
	}
	return letters
}

// Whatever order the recorded webhooks come in, what is known of their work items
// is what the newest of each says: that of the archive, of Intake, and of fields
// that the web client names otherwise.
func TestTheRecordedWebhooksEndInTheSameWorkItemsInAnyOrder(t *testing.T) {
	t.Parallel()
	want := []string{
		"2800f0ba [1600WP] 11/2026 | Todo | bridge",
		"7c20f3c8 Late 1601C | Triage | ",
		"84ec8272 [1601EQ] Q3/2026 sa arkibo | Done | maria",
		"857b7b49 Gawa ni Maria | Todo | maria",
		"8aec38c7 retry probe | Backlog | ",
		"d0a3640b [2550Q] Q3/2026 | Done | maria",
	}
	for name, order := range map[string]func([]letter){
		"as they were sent": func([]letter) {}, "the last one first": slices.Reverse[[]letter],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			letters := recordedLetters(t)
			order(letters)
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				mirrored := w.item()
				w.mail.take()
				for _, l := range letters {
					w.mail.keepFor([]letter{l})
					w.deliver(p)
				}
				// The comments wait for a link that never comes: their work item says that it
				// stands for a record.
				for range 3 {
					p.bridge.WorkOnce(p.ctx, w.queue)
				}
				if diff := cmp.Diff(want, w.knownWorkItems(mirrored)); diff != "" {
					t.Errorf("known work items (-want +got):\n%s", diff)
				}
				// Comments are not counted here: what becomes of one whose work item has no link has tests of its own.
				became := w.lines(`SELECT event || ' ' || status || ' ' || count(*) FROM ops.plane_webhook_deliveries
					WHERE event <> 'issue_comment' AND entity_id <> $1 GROUP BY event, status ORDER BY 1`, mirrored)
				if diff := cmp.Diff([]string{"cycle ignored 4", "issue processed 41", "module ignored 4", "project ignored 4"}, became); diff != "" {
					t.Errorf("what became of the webhooks (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// knownWorkItems are the rows of ops.work_items, without the one of the mirrored deadline.
func (w *world) knownWorkItems(except string) []string {
	return w.lines(`SELECT left(external_id, 8) || ' ' || title || ' | ' || status || ' | ' || coalesce(assignee, '')
		FROM ops.work_items WHERE external_id <> $1 ORDER BY 1`, except)
}

// lines runs a query that gives one text for each row.
func (w *world) lines(sql string, args ...any) []string {
	w.t.Helper()
	rows, err := w.queue.Query(context.Background(), sql, args...)
	w.must(err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	w.must(err)
	return found
}
