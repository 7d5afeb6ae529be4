package bir

import (
	"strconv"
	"strings"
)

// messageKind is what Odoo is told of a work item.
type messageKind string

const (
	tellNothing   messageKind = ""
	tellStarted   messageKind = "started"
	tellCompleted messageKind = "completed"
	// tellCompleting is tellCompleted while nobody knows whether Odoo has the
	// reminder: it is noted before Odoo is called.
	tellCompleting messageKind = "completing"
	// tellSettled takes a reminder back: the deadline is filed, or the work item
	// was opened again.
	tellSettled messageKind = "settled"
)

// notice is what the link remembers of what Odoo was told last, and which completion
// of the deadline's work item that was about. Each completion has a reminder of its
// own, so that one that somebody has dealt with does not stand for the next. The
// number outlives the work item: one that is made again goes on counting.
type notice struct {
	kind messageKind
	// completion counts from 1. Reminders from before completions were counted have
	// number 0 and no number in their external id.
	completion int
}

// readNotice reads what String wrote. What cannot be read counts as told nothing.
func readNotice(text string) notice {
	kind, number, _ := strings.Cut(text, " ")
	completion, err := strconv.Atoi(number)
	if err != nil {
		completion = 0
	}
	return notice{messageKind(kind), completion}
}

func (t notice) String() string {
	if t.completion == 0 {
		return string(t.kind)
	}
	return string(t.kind) + " " + strconv.Itoa(t.completion)
}

// reminded reports whether there may be a reminder in Odoo.
func (t notice) reminded() bool { return t.kind == tellCompleted || t.kind == tellCompleting }

// next is the completion that a work item in group completed stands for: one that
// was begun to be told, or a new one.
func (t notice) next() int {
	if t.reminded() {
		return t.completion
	}
	return t.completion + 1
}
