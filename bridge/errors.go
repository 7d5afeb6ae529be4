package bridge

import (
	"errors"
	"fmt"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// ErrLocked says that another worker, here or in another replica, is busy with
// the same entity.
var ErrLocked = errors.New("another worker is busy with the same entity")

// ErrNoRecord is what a flow returns when Odoo has no record for a key or an id.
var ErrNoRecord = errors.New("odoo has no such record")

// ErrOwnBooks says that the bridge's own database failed, and not Plane.
var ErrOwnBooks = errors.New("the bridge's database")

// ErrNoProject says that ids stand in a body which nobody can look up.
var ErrNoProject = errors.New("the body is signed but the id of its project is no UUID, and what it names by id cannot be looked up without")

// UnderWayError says that a create for a record was sent a moment ago and nobody
// knows what became of it. Plane goes on with a request whose client has gone, so
// until the create has surely ended there is nothing to look for, and nothing may
// be created.
type UnderWayError struct {
	Key mapping.Key
	// Until is when trying again is worth it, by this machine's clock.
	Until time.Time
}

func (e *UnderWayError) Error() string {
	return fmt.Sprintf("a create for %s was sent a moment ago and may still take effect in Plane; it is looked at again at %s",
		e.Key, e.Until.UTC().Format(time.RFC3339))
}

// ErrKeyMissing says that a secret is not set.
var ErrKeyMissing = errors.New("KEY_MISSING")

// ErrRefused marks the error of a check: the server answers and does not let the
// bridge in.
var ErrRefused = errors.New("the server refuses the bridge")
