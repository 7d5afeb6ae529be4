package outbound

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// showingFlow is a flow that remembers what it was asked to show.
type showingFlow struct {
	bridge.Flow
	shown  [][]bridge.SyncStatus
	failed map[int64]error
	err    error
}

func (f *showingFlow) Scope() mapping.Scope {
	return mapping.Scope{Flow: "bir", Workspace: "w", ProjectID: "p"}
}

func (f *showingFlow) KeepStatus(_ context.Context, statuses []bridge.SyncStatus) (map[int64]error, error) {
	f.shown = append(f.shown, statuses)
	return f.failed, f.err
}

// showing is a writer over two links: one made, one only intended.
func showing(t *testing.T) (*StatusWriter, *showingFlow, *pgxpool.Pool) {
	t.Helper()
	pool, flow := pgtest.Pool(t), &showingFlow{}
	_, err := pool.Exec(context.Background(), `INSERT INTO ops.plane_sync_mappings
			(flow, odoo_model, odoo_id, entity_key, plane_workspace, plane_project_id, plane_issue_id, state, last_synced_at)
		VALUES ('bir', 'm', 7, 'm,7', 'w', 'p', 'issue-7', 'linked', '2026-11-21 20:44:30.5Z'),
			('bir', 'm', 8, 'm,8', 'w', 'p', NULL, 'intended', NULL)`)
	if err != nil {
		t.Fatal(err)
	}
	return &StatusWriter{Links: mapping.NewStore(pool), Flows: bridge.Flows{flow}, Logger: slog.New(slog.DiscardHandler)}, flow, pool
}

func TestAStateIsShownOnceAndAgainWhenTheLinkChanges(t *testing.T) {
	t.Parallel()
	writer, flow, pool := showing(t)
	ctx := context.Background()
	writer.WriteBack(ctx, "bir")
	writer.WriteBack(ctx, "bir")
	if len(flow.shown) != 1 || len(flow.shown[0]) != 2 {
		t.Fatalf("shown %v, want both links once", flow.shown)
	}
	made, intended := flow.shown[0][0], flow.shown[0][1]
	if made.IssueID != "issue-7" || made.State != bridge.SyncDone || made.LastSync.Nanosecond() != 0 || intended.State != bridge.SyncPending || !intended.LastSync.IsZero() {
		t.Errorf("shown %+v and %+v", made, intended)
	}
	if _, err := pool.Exec(ctx, "UPDATE ops.plane_sync_mappings SET last_error = 'Plane is away', updated_at = now() WHERE odoo_id = 7"); err != nil {
		t.Fatal(err)
	}
	writer.WriteBack(ctx, "bir")
	if len(flow.shown) != 2 || len(flow.shown[1]) != 1 || flow.shown[1][0].State != bridge.SyncError || flow.shown[1][0].Error != "Plane is away" {
		t.Errorf("shown %+v, want the link that failed alone", flow.shown[1:])
	}
}

func TestWhatOdooCouldNotTakeStaysDueAndWhatItRefusedDoesNot(t *testing.T) {
	t.Parallel()
	writer, flow, _ := showing(t)
	flow.failed = map[int64]error{
		7: &bridge.FlowError{Cause: bridge.CauseOdoo, Err: errors.New("busy")},
		8: &bridge.FlowError{Cause: bridge.CauseData, Permanent: true, Err: errors.New("no such value")},
	}
	writer.WriteBack(context.Background(), "bir")
	flow.failed = nil
	writer.WriteBack(context.Background(), "bir")
	if len(flow.shown) != 2 || len(flow.shown[1]) != 1 || flow.shown[1][0].OdooID != 7 {
		t.Errorf("shown %+v, want record 7 again, alone", flow.shown)
	}
}

// Odoo may go away while a thousand states are being written.
func TestAnOutageWhileStatesAreShownIsOneLine(t *testing.T) {
	t.Parallel()
	writer, flow, _ := showing(t)
	var log strings.Builder
	writer.Logger = slog.New(slog.NewTextHandler(&log, nil))
	away := &bridge.FlowError{Cause: bridge.CauseOdoo, Err: errors.New("away")}
	flow.failed = map[int64]error{7: away, 8: away}
	writer.WriteBack(context.Background(), "bir")
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "records=2") {
		t.Errorf("two records that Odoo could not take are %d lines, want one:\n%s", n, log.String())
	}
}

func TestAModelWithoutFieldsForTheStateIsLeftAlone(t *testing.T) {
	t.Parallel()
	writer, flow, pool := showing(t)
	flow.err = bridge.ErrNoStatusFields
	if verdict := writer.WriteBack(context.Background(), "bir"); verdict.Kind != bridge.VerdictIgnored {
		t.Errorf("verdict = %s, want ignored", verdict.Name())
	}
	var noted int
	if err := pool.QueryRow(context.Background(), "SELECT count(status_written) FROM ops.plane_sync_mappings").Scan(&noted); err != nil || noted != 0 {
		t.Errorf("%d links count as shown, %v; they have to be shown when the fields come", noted, err)
	}
}
