package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

const (
	// writeBackEvery is how far the state that Odoo shows may lag behind.
	writeBackEvery = time.Minute
	// writeBackBatch is how many records are brought up to date at a time: what goes
	// into one call to Odoo.
	writeBackBatch = 1000
)

// writeBackJob shows in Odoo how the mirroring of each record stands.
type writeBackJob struct {
	Flow string `json:"flow"`
}

// Kind names the job in the queue.
func (writeBackJob) Kind() string { return "write_back" }

// InsertOpts says where and how often it is tried: it comes again by itself.
func (writeBackJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 1}
}

// statusWriter brings what Odoo shows up to date, from the links alone.
type statusWriter struct {
	links  *mapping.Store
	flows  flows
	logger *slog.Logger
}

// writeBack shows every link that changed since it was shown. A crash in between
// makes the same comparison once more.
func (w *statusWriter) writeBack(ctx context.Context, flowName string) Verdict {
	flow, found := w.flows.byName(flowName)
	keeper, keeps := flow.(StatusKeeper)
	if !found || !keeps {
		return Ignored("flow " + flowName + " shows no state in Odoo")
	}
	shown := 0
	for after := int64(0); ; {
		due, err := w.links.StatusDue(ctx, flow.Scope(), after, writeBackBatch)
		if err != nil {
			return RetryLater(CauseOurs, err)
		}
		if len(due) == 0 {
			return Done(fmt.Sprintf("%d shown in Odoo", shown))
		}
		n, err := w.show(ctx, keeper, due)
		switch {
		case errors.Is(err, ErrNoStatusFields):
			return Ignored(err.Error())
		case err != nil:
			return verdictOfFlow(err)
		}
		shown, after = shown+n, due[len(due)-1].ID
	}
}

// show brings a batch up to date. What Odoo refuses for good is not offered again
// before the link changes; what failed for a while is.
func (w *statusWriter) show(ctx context.Context, keeper StatusKeeper, due []mapping.Link) (shown int, err error) {
	statuses := make([]SyncStatus, len(due))
	for i, link := range due {
		statuses[i] = statusOf(link)
	}
	failed, err := keeper.KeepStatus(ctx, statuses)
	if err != nil {
		return 0, err
	}
	var settled []mapping.Link
	var waits error
	for _, link := range due {
		switch failure := failed[link.OdooID]; {
		case failure == nil:
			shown++
			settled = append(settled, link)
		case verdictOfFlow(failure).kind == verdictDead:
			w.logger.WarnContext(ctx, "Odoo does not show the state of a record", slog.String("key", string(link.Key)), slog.Any("error", failure))
			settled = append(settled, link)
		default:
			waits = failure
		}
	}
	if waits != nil {
		// One outage fails all of them, so they are told of together.
		w.logger.WarnContext(ctx, "Odoo does not show the state of some records yet", slog.Int("records", len(due)-len(settled)), slog.Any("error", waits))
	}
	return shown, w.links.StatusShown(ctx, settled)
}

// writeBacks are the schedules of the flows that show a state in Odoo.
func (b *Bridge) writeBacks() []*river.PeriodicJob {
	var jobs []*river.PeriodicJob
	for _, flow := range b.config.Flows {
		if _, keeps := flow.(StatusKeeper); !keeps {
			continue
		}
		name := flow.Scope().Flow
		jobs = append(jobs, river.NewPeriodicJob(river.PeriodicInterval(writeBackEvery), func() (river.JobArgs, *river.InsertOpts) {
			return writeBackJob{name}, nil
		}, nil))
	}
	return jobs
}

// ShowStatus brings what Odoo shows of a flow's records up to date now, for a sync
// that runs without workers.
func (b *Bridge) ShowStatus(ctx context.Context, flow Flow) error {
	return b.statuses.writeBack(ctx, flow.Scope().Flow).err
}
