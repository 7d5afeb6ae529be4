package bridge

import (
	"errors"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Cause says whose fault a failure is, which is whom to call about it.
type Cause string

// The causes of failure, as ops.plane_webhook_deliveries.cause holds them.
const (
	CauseOurs       Cause = "ours"
	CausePlane      Cause = "plane"
	CauseOdoo       Cause = "odoo"
	CauseData       Cause = "data"
	CausePolicy     Cause = "policy"
	CauseMissingKey Cause = "missing_key"
)

// Verdict is what became of one piece of work. Handlers return it and never
// touch the queue or the ledger; the worker alone carries it out.
type Verdict struct {
	Kind     verdictKind
	Outcome  string
	Cause    Cause
	Err      error
	Until    time.Time
	Notified string
	// Accepted are the fields of the work item as they are in Odoo now.
	Accepted *mapping.Fields
}

type verdictKind int

const (
	VerdictDone verdictKind = iota
	VerdictIgnored
	VerdictRetry
	VerdictSnooze
	VerdictDead
)

// Done says that the work took effect; outcome tells in words what it did.
func Done(outcome string) Verdict { return Verdict{Kind: VerdictDone, Outcome: outcome} }

// Ignored says that there was nothing to do, and why.
func Ignored(reason string) Verdict { return Verdict{Kind: VerdictIgnored, Outcome: reason} }

// RetryLater says that the work failed in a way that time may heal.
func RetryLater(cause Cause, err error) Verdict {
	return Verdict{Kind: VerdictRetry, Cause: cause, Err: err}
}

// Snooze says that the work has to wait until a known time; it is no failure
// and costs no attempt.
func Snooze(until time.Time, reason string) Verdict {
	return Verdict{Kind: VerdictSnooze, Until: until, Outcome: reason}
}

// waitFor says that the work waits for a server that is known to be away; it is no
// failure and costs no attempt.
func waitFor(cause Cause, err error) Verdict {
	return Verdict{Kind: VerdictSnooze, Cause: cause, Until: time.Now().Add(waitAway), Outcome: err.Error()}
}

// waitAway is how long work waits for a server that is away before it looks again. It
// begins earlier when the server is back.
const waitAway = time.Minute

// GiveUp says that trying again cannot help until a person acts.
func GiveUp(cause Cause, err error) Verdict {
	return Verdict{Kind: VerdictDead, Cause: cause, Err: err}
}

// Telling adds what the flow told Odoo, in a form that only the flow reads. The
// core keeps it on the link in the transaction that ends the work.
func (v Verdict) Telling(what string) Verdict {
	v.Notified = what
	return v
}

// Accepting adds what Odoo has taken over from Plane: the work item's fields as
// Odoo wants them from now on.
func (v Verdict) Accepting(fields mapping.Fields) Verdict {
	v.Accepted = &fields
	return v
}

// VerdictOfPlane turns an error of a call to Plane into a verdict.
func VerdictOfPlane(err error) Verdict {
	var busy *plane.BusyError
	var underWay *UnderWayError
	switch {
	case errors.As(err, &busy):
		return Snooze(busy.Until, "waiting for Plane's rate limit")
	case errors.As(err, &underWay):
		return Snooze(underWay.Until, "an earlier create may still take effect in Plane")
	case errors.Is(err, plane.ErrAway):
		return waitFor(CausePlane, err)
	case errors.Is(err, ErrKeyMissing), errors.Is(err, plane.ErrBadKey), errors.Is(err, plane.ErrUnauthorized):
		return RetryLater(CauseMissingKey, err)
	case errors.Is(err, plane.ErrBudgetUnavailable), errors.Is(err, ErrOwnBooks):
		return RetryLater(CauseOurs, err)
	case errors.Is(err, plane.ErrInvalid), errors.Is(err, plane.ErrTooLarge), errors.Is(err, ErrNoProject):
		return GiveUp(CauseData, err)
	default:
		return RetryLater(CausePlane, err)
	}
}

// Name is the kind of verdict as metrics and logs show it.
func (v Verdict) Name() string {
	switch v.Kind {
	case VerdictDone:
		return "done"
	case VerdictIgnored:
		return "ignored"
	case VerdictRetry:
		return "retry"
	case VerdictSnooze:
		return "put_back"
	case VerdictDead:
		return "dead"
	default:
		return "unknown"
	}
}

// VerdictOfFlow turns an error of a flow, which read Odoo, into a verdict.
func VerdictOfFlow(err error) Verdict {
	var failure *FlowError
	if errors.As(err, &failure) && failure.Permanent {
		return GiveUp(failure.Cause, err)
	}
	if errors.As(err, &failure) {
		return RetryLater(failure.Cause, err)
	}
	return RetryLater(CauseOdoo, err)
}
