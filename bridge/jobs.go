package bridge

import (
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// The queues of the bridge: deliveries do not wait behind mirroring, nor either
// behind planning.
const (
	queuePlane   = "plane"
	queueMirror  = "mirror"
	queueControl = "control"
)

// deliveryJob is one accepted delivery to work through.
type deliveryJob struct {
	DeliveryID uuid.UUID `json:"delivery_id"`
}

// Kind names the job in the queue; ops.work_queue reads it.
func (deliveryJob) Kind() string { return "plane_delivery" }

// InsertOpts says where and how often it is tried.
func (deliveryJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queuePlane, MaxAttempts: maxAttempts}
}

// mirrorJob is one record of Odoo to look at again and mirror into Plane.
type mirrorJob struct {
	Flow string      `json:"flow"`
	Key  mapping.Key `json:"key"`
	// Task is what to do with it; empty for whatever Odoo wants otherwise.
	Task mirrorTask `json:"task,omitempty"`
}

// mirrorTask is what a mirror job does beyond writing what Odoo wants otherwise.
type mirrorTask string

const (
	// taskRepair puts back what was edited in Plane and Odoo owns.
	taskRepair mirrorTask = "repair"
	// taskCancel cancels the work item of a record that is gone. Only a sync that
	// has looked at the brake asks for it.
	taskCancel mirrorTask = "cancel"
	// taskDoubles looks at work items that stand for one record, and cancels those
	// that nobody touched. The record's own work item is left as it is.
	taskDoubles mirrorTask = "doubles"
)

// Kind names the job in the queue.
func (mirrorJob) Kind() string { return "mirror_entity" }

// InsertOpts says where and how often it is tried.
func (mirrorJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueMirror, MaxAttempts: maxAttempts}
}

// odooChangeJob is a hint from Odoo that a record changed.
type odooChangeJob struct {
	Model string `json:"model"`
	ID    int64  `json:"id"`
}

// Kind names the job in the queue; ops.work_queue reads it.
func (odooChangeJob) Kind() string { return "odoo_change" }

// InsertOpts says where and how often it is tried.
func (odooChangeJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueMirror, MaxAttempts: maxAttempts, Priority: 1}
}

// syncJob compares everything a flow wants with what was mirrored.
type syncJob struct {
	Flow string `json:"flow"`
}

// Kind names the job in the queue.
func (syncJob) Kind() string { return "sync" }

// InsertOpts says where and how often it is tried. The schedule comes again, so
// a failure is not tried for long.
func (syncJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 4}
}

// sweepJob looks for changes that no webhook told of.
type sweepJob struct {
	Flow string `json:"flow"`
	// Owed says that webhooks were refused. Their changes are looked for however
	// young they are.
	Owed bool `json:"owed,omitempty"`
}

// Kind names the job in the queue.
func (sweepJob) Kind() string { return "reconcile" }

// InsertOpts says where and how often it is tried.
func (sweepJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 2}
}

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

// reviveJob tries dead letters again whose cause is over.
type reviveJob struct{}

// Kind names the job in the queue.
func (reviveJob) Kind() string { return "revive" }

// InsertOpts says where and how often it is tried.
func (reviveJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 1}
}

// cleanupJob removes what was finished long ago and finds work that lost its job.
type cleanupJob struct{}

// Kind names the job in the queue.
func (cleanupJob) Kind() string { return "cleanup" }

// InsertOpts says where and how often it is tried.
func (cleanupJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 4}
}

// Kinds names every kind of job.
func Kinds() []string {
	var kinds []string
	for _, job := range []river.JobArgs{
		deliveryJob{}, odooChangeJob{}, mirrorJob{}, syncJob{}, sweepJob{}, writeBackJob{}, reviveJob{}, cleanupJob{},
	} {
		kinds = append(kinds, job.Kind())
	}
	return kinds
}

// QueueGauges are what is shown of jobs.
func QueueGauges() []Gauge {
	return []Gauge{{
		"bridge_jobs", "Jobs in the queue by kind and state, finished ones left out.", []string{"kind", "state"},
		`SELECT kind, state::text, count(*) FROM ops.river_job WHERE finalized_at IS NULL GROUP BY kind, state`,
	}}
}
