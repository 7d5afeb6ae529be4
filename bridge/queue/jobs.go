package queue

import (
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// The queues of the bridge: deliveries do not wait behind mirroring, nor either
// behind planning.
const (
	queuePlane   = "plane"
	queueMirror  = "mirror"
	queueControl = "control"
)

// DeliveryJob is one accepted delivery to work through.
type DeliveryJob struct {
	DeliveryID uuid.UUID `json:"delivery_id"`
}

// Kind names the job in the queue; ops.work_queue reads it.
func (DeliveryJob) Kind() string { return "plane_delivery" }

// InsertOpts says where and how often it is tried.
func (DeliveryJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queuePlane, MaxAttempts: maxAttempts}
}

// MirrorJob is one record of Odoo to look at again and mirror into Plane.
type MirrorJob struct {
	Flow string      `json:"flow"`
	Key  mapping.Key `json:"key"`
	// Task is what to do with it; empty for whatever Odoo wants otherwise.
	Task mirrorTask `json:"task,omitempty"`
}

// mirrorTask is what a mirror job does beyond writing what Odoo wants otherwise.
type mirrorTask string

const (
	// TaskRepair reverts what was edited in Plane and Odoo owns.
	TaskRepair mirrorTask = "repair"
	// TaskCancel cancels the work item of a record that is gone. Only a sync that
	// has looked at the brake asks for it.
	TaskCancel mirrorTask = "cancel"
	// TaskDuplicates looks at work items that stand for one record, and cancels those
	// that nobody touched. The record's own work item is left as it is. Its word in the
	// queue is the one that earlier releases wrote.
	TaskDuplicates mirrorTask = "doubles"
)

// Kind names the job in the queue.
func (MirrorJob) Kind() string { return "mirror_entity" }

// InsertOpts says where and how often it is tried.
func (MirrorJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueMirror, MaxAttempts: maxAttempts}
}

// OdooChangeJob is a hint from Odoo that a record changed.
type OdooChangeJob struct {
	Model string `json:"model"`
	ID    int64  `json:"id"`
}

// Kind names the job in the queue; ops.work_queue reads it.
func (OdooChangeJob) Kind() string { return "odoo_change" }

// InsertOpts says where and how often it is tried.
func (OdooChangeJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueMirror, MaxAttempts: maxAttempts, Priority: 1}
}

// SyncJob compares everything a flow wants with what was mirrored.
type SyncJob struct {
	Flow string `json:"flow"`
}

// Kind names the job in the queue.
func (SyncJob) Kind() string { return "sync" }

// InsertOpts says where and how often it is tried. The schedule comes again, so
// a failure is not tried for long.
func (SyncJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 4}
}

// SweepJob looks for changes that no webhook reported.
type SweepJob struct {
	Flow string `json:"flow"`
	// Owed says that webhooks were refused. Their changes are looked for however
	// young they are.
	Owed bool `json:"owed,omitempty"`
}

// Kind names the job in the queue.
func (SweepJob) Kind() string { return "reconcile" }

// InsertOpts says where and how often it is tried.
func (SweepJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 2}
}

// WriteBackJob shows in Odoo how the mirroring of each record stands.
type WriteBackJob struct {
	Flow string `json:"flow"`
}

// Kind names the job in the queue.
func (WriteBackJob) Kind() string { return "write_back" }

// InsertOpts says where and how often it is tried: it comes again by itself.
func (WriteBackJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 1}
}

// ReviveJob tries dead letters again whose cause is over.
type ReviveJob struct{}

// Kind names the job in the queue.
func (ReviveJob) Kind() string { return "revive" }

// InsertOpts says where and how often it is tried.
func (ReviveJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 1}
}

// CleanupJob removes what was finished long ago and finds work that lost its job.
type CleanupJob struct{}

// Kind names the job in the queue.
func (CleanupJob) Kind() string { return "cleanup" }

// InsertOpts says where and how often it is tried.
func (CleanupJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueControl, MaxAttempts: 4}
}

// Kinds names every kind of job.
func Kinds() []string {
	var kinds []string
	for _, job := range []river.JobArgs{
		DeliveryJob{}, OdooChangeJob{}, MirrorJob{}, SyncJob{}, SweepJob{}, WriteBackJob{}, ReviveJob{}, CleanupJob{},
	} {
		kinds = append(kinds, job.Kind())
	}
	return kinds
}

// Gauges are what is shown of jobs.
func Gauges() []bridge.Gauge {
	return []bridge.Gauge{{
		Name: "bridge_jobs", Help: "Jobs in the queue by kind and state, finished ones left out.", Labels: []string{"kind", "state"},
		SQL: `SELECT kind, state::text, count(*) FROM ops.river_job WHERE finalized_at IS NULL GROUP BY kind, state`,
	}}
}
