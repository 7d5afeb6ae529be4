package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/budget"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// orderVariable carries a drainer's order; a process that has it drains.
const orderVariable = "BUDGETBENCH_ORDER"

// order is what one process is told to do.
type order struct {
	DatabaseURL string
	PlaneURL    string
	Workspace   string
	Key         string
	Calls       int
	Workers     int
}

// outcome is what one process reports.
type outcome struct {
	Served int64  `json:"served"`
	Lost   int64  `json:"lost"`
	Error  string `json:"error,omitempty"` // one of those of lost calls
}

func isDrainer() bool { return os.Getenv(orderVariable) != "" }

// launch runs this program again as a drainer and waits for its outcome.
func launch(ctx context.Context, o order) (outcome, error) {
	encoded, err := json.Marshal(o)
	if err != nil {
		return outcome{}, fmt.Errorf("encoding the order: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return outcome{}, fmt.Errorf("finding this program: %w", err)
	}
	child := exec.CommandContext(ctx, program) //nolint:gosec // it is this program itself
	child.Env = append(os.Environ(), orderVariable+"="+string(encoded))
	child.Stderr = os.Stderr
	printed, err := child.Output()
	if err != nil {
		return outcome{}, fmt.Errorf("running a drainer: %w", err)
	}
	var out outcome
	if err := json.Unmarshal(printed, &out); err != nil {
		return outcome{}, fmt.Errorf("reading a drainer's outcome: %w", err)
	}
	return out, nil
}

// runDrainer is the other side of launch.
func runDrainer(ctx context.Context, out io.Writer) error {
	var o order
	if err := json.NewDecoder(strings.NewReader(os.Getenv(orderVariable))).Decode(&o); err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	pool, err := pgxpool.New(ctx, o.DatabaseURL)
	if err != nil {
		return fmt.Errorf("preparing the database: %w", err)
	}
	defer pool.Close()
	client, err := o.client(pool)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(o.drain(plane.WithLane(ctx, plane.LaneBackfill), client))
}

// client is wired as the bridge wires its own.
func (o order) client(pool *pgxpool.Pool) (*plane.Client, error) {
	var client *plane.Client
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	key := func() budget.Key { return budget.NewKey(client.APIURL(), o.Key) }
	client, err := plane.New(plane.Config{
		BaseURL: o.PlaneURL, Workspace: o.Workspace, Auth: plane.APIKey(o.Key),
		Budget: budget.New(pool, key, logger),
	})
	return client, err
}

func (o order) drain(ctx context.Context, client *plane.Client) outcome {
	var left, served, lost atomic.Int64
	var reason atomic.Value
	left.Store(int64(o.Calls))
	var wait sync.WaitGroup
	for range o.Workers {
		wait.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := client.Me(ctx); err != nil {
					lost.Add(1)
					reason.Store(err.Error())
					continue
				}
				served.Add(1)
			}
		})
	}
	wait.Wait()
	said, _ := reason.Load().(string)
	return outcome{Served: served.Load(), Lost: lost.Load(), Error: said}
}
