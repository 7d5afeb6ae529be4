package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/wait"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// AcceptTimeout bounds how long a sender waits for its answer. Plane gives up
// after 30 s and would send the event again.
const AcceptTimeout = 10 * time.Second

// enqueuer puts a job into the queue inside the caller's transaction.
type enqueuer interface {
	EnqueueDelivery(ctx context.Context, tx pgx.Tx, id uuid.UUID) error
}

// Inbox makes a delivery durable: its ledger row and its job in one transaction.
// It is the one seam that webhooks and sweeps come through.
type Inbox struct {
	pool     *pgxpool.Pool
	queue    enqueuer
	refusals refusals
	// ready is closed once the tables are there; nil says that they are.
	ready <-chan struct{}
}

// NewInbox returns an inbox in front of a queue.
func NewInbox(pool *pgxpool.Pool, queue enqueuer) *Inbox {
	return &Inbox{pool: pool, queue: queue}
}

// WaitFor lets deliveries wait for the migrations of a start, which take a moment,
// rather than be refused: Plane's Community edition does not send again.
func (in *Inbox) WaitFor(ready <-chan struct{}) *Inbox {
	in.ready = ready
	return in
}

// startWait is how long a delivery waits for the migrations. While the database is
// away they do not come, and the sender has to have its answer.
const startWait = 5 * time.Second

func (in *Inbox) waitUntilReady(ctx context.Context) {
	if in.ready == nil {
		return
	}
	_ = wait.ForNews(ctx, startWait, in.ready) // Whether it was long enough, the insert finds.
}

// Accept keeps a delivery and its job, or neither. It reports a duplicate when
// the delivery id or the event was kept before; then nothing is written. An
// error means that nothing is kept and nobody may be told that it is.
func (in *Inbox) Accept(ctx context.Context, d Delivery) (duplicate bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, AcceptTimeout)
	defer cancel()
	in.waitUntilReady(ctx)
	for {
		duplicate, err = in.keep(ctx, d)
		if !hasNoConnectionLeft(err) || wait.For(ctx, connectionRetry) != nil {
			return duplicate, err
		}
	}
}

// connectionRetry is how soon a delivery asks again for a connection to the database.
const connectionRetry = 100 * time.Millisecond

// tooManyConnections is SQLSTATE too_many_connections.
const tooManyConnections = "53300"

// hasNoConnectionLeft reports whether the server or the role has no connection left:
// other replicas, or other programs, hold them all. Within one process a delivery
// waits in the pool for its turn; across processes nobody keeps a queue.
func hasNoConnectionLeft(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == tooManyConnections
}

func (in *Inbox) keep(ctx context.Context, d Delivery) (duplicate bool, err error) {
	err = pgx.BeginFunc(ctx, in.pool, func(tx pgx.Tx) error {
		fresh, err := Deliveries{tx}.accept(ctx, d)
		if err != nil || !fresh {
			duplicate = err == nil
			return err
		}
		return in.queue.EnqueueDelivery(ctx, tx, d.ID)
	})
	if err != nil {
		return false, fmt.Errorf("accepting delivery %s: %w", d.ID, err)
	}
	return duplicate, nil
}

// NewDelivery describes a webhook body for the ledger, and is the one that reads it on
// its way in: a body that is no JSON object is plane.ErrNoObject. Whatever else is signed
// is kept, byte for byte; what stands beside it is made storable, and is what can be read
// of a body that cannot be worked with.
func NewDelivery(id uuid.UUID, eventHeader string, headers map[string]string, body []byte) (Delivery, error) {
	event, err := plane.DecodeEvent(body)
	if errors.Is(err, plane.ErrNoObject) {
		return Delivery{}, err
	}
	d := Delivery{
		ID: id, EventKey: keptID(event.Key(body)), Origin: originWebhook, Event: keptName(eventHeader),
		Headers: headers, RawBody: body, Status: StatusReceived,
	}
	if err == nil || errors.Is(err, plane.ErrUnknownAction) {
		d.describe(event)
	}
	return d, nil
}

// describe notes of what entity a delivery is.
func (d *Delivery) describe(event plane.Event) {
	d.Event, d.Action = keptName(string(event.Entity)), Known(keptName(string(event.Action)))
	d.EntityID, d.ProjectID, d.ActorID = knownID(event.EntityID), knownID(event.ProjectID), knownID(event.ActorID)
}

func knownID(id string) *string {
	if id == "" {
		return nil
	}
	return Known(keptID(id))
}

func Known(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
