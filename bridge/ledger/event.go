package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtext"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// What is kept beside a body is bounded: PostgreSQL refuses index entries of more
// than 2.7 kB, and a name is there to be read.
const (
	longestID   = 100
	LongestName = 255
)

// ErrNotMirrored says that a body is understood and that nothing is done about it.
var ErrNotMirrored = errors.New("events with this action are not mirrored")

// Read returns what a delivery says, and holds it to what has to be in it before anything
// is done. An error says what is wrong with the body; trying again finds the same.
func (d Delivery) Read() (plane.Event, error) {
	if d.IsFinding() {
		event, err := readFinding(d.RawBody)
		if err != nil {
			return event, err
		}
		return usable(event)
	}
	event, err := plane.DecodeEvent(d.RawBody)
	if errors.Is(err, plane.ErrUnknownAction) {
		return event, fmt.Errorf("%w: %s", ErrNotMirrored, pgtext.Clip(string(event.Action), longestID))
	}
	if err != nil {
		return event, fmt.Errorf("the body is signed but cannot be understood: %w", err)
	}
	return usable(event)
}

// usable holds an event to what has to be in it.
func usable(event plane.Event) (plane.Event, error) {
	if event.Entity != plane.EntityWorkItem && event.Entity != plane.EntityComment {
		return event, nil
	}
	id, usual := UsualUUID(event.EntityID)
	switch {
	case event.EntityID == "":
		return event, fmt.Errorf("the body is signed but names no id of its %s", event.Entity)
	case !usual:
		return event, fmt.Errorf("the body is signed but the id of its %s is no UUID: %.60q", event.Entity, event.EntityID)
	case event.Action != plane.ActionDeleted && event.Empty:
		return event, fmt.Errorf("the body is signed but has no data of its %s", event.Entity)
	}
	event.EntityID = id.String()
	return event, nil
}

// UsualUUID reads a UUID in the one form that Plane writes. The library takes others
// as well: in braces, as urn:uuid:, without dashes.
func UsualUUID(text string) (uuid.UUID, bool) {
	if len(text) != 36 {
		return uuid.UUID{}, false
	}
	id, err := uuid.Parse(text)
	return id, err == nil
}

// keptID is an id from outside as the ledger holds it. One that is no UUID and cannot
// be stored or indexed as it is stands there as its hash: still the same for the same
// id, and another for another.
func keptID(id string) string {
	if parsed, usual := UsualUUID(id); usual {
		return parsed.String()
	}
	if len(id) <= longestID && pgtext.Clean(id) == id {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// keptName is a word or a name from outside as the tables hold it.
func keptName(name string) string { return strings.TrimSpace(pgtext.Clip(name, LongestName)) }
