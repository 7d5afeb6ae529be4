package task

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// memo is what the flow remembers about a work item beside its content. The core
// keeps it on the link as a text.
type memo struct {
	// Held names a description as Plane holds it, and Of what Odoo made of the same
	// one: both clean HTML in ways of their own, so the texts differ for good.
	Held string `json:"held,omitempty"`
	Of   string `json:"of,omitempty"`
	// Archived says that Odoo was told that the work item is in Plane's archive.
	Archived bool `json:"archived,omitempty"`
	// Tried are contents that were about to be written to Odoo, descriptions by their
	// digest, oldest first. Nobody knows which of them were, until a write is on the
	// books.
	Tried []mapping.Fields `json:"tried,omitempty"`
}

// triesKept is how many contents that were about to be written are remembered. So
// many edits may come while Odoo does not answer.
const triesKept = 8

// readMemo reads a memo; what is none reads as an empty one.
func readMemo(notified string) memo {
	var m memo
	if json.Unmarshal([]byte(notified), &m) != nil {
		return memo{}
	}
	return m
}

func (m memo) String() string {
	text, err := json.Marshal(m)
	if err != nil {
		// Texts always marshal; reaching this line is a programming error.
		panic(fmt.Sprintf("writing a memo: %v", err))
	}
	return string(text)
}

// inPlane names the description that Plane held when both sides last agreed: what
// Odoo took over from there, until Odoo's own was written over it.
func inPlane(link mapping.Link) string {
	written, m := digest(link.Written.DescriptionHTML), readMemo(link.Notified)
	if m.Of != written {
		return written
	}
	return m.Held
}

// remember is the memo that goes with a content that was accepted.
func (u update) remember(accepted mapping.Fields, link mapping.Link, item bridge.WorkItemState) memo {
	held := inPlane(link)
	if u.has(mapping.FieldDescription) {
		held = digest(item.Fields.DescriptionHTML)
	}
	return memo{Held: held, Of: digest(accepted.DescriptionHTML), Archived: item.Archived}
}

// Announces notes what is about to be written to Odoo. Where the write takes effect
// and is cut short, and people go on in Plane before it is tried again, what Odoo
// has by then is known to come from Plane and not taken for a change in Odoo that
// would win over theirs.
func (f *Flow) Announces(link mapping.Link, item bridge.WorkItemState) string {
	edited := slices.DeleteFunc(link.Written.Differing(item.Fields), func(field mapping.Field) bool {
		return field == mapping.FieldLabels || field == mapping.FieldDescription && digest(item.Fields.DescriptionHTML) == inPlane(link)
	})
	if len(edited) == 0 {
		return ""
	}
	m, next := readMemo(link.Notified), item.Fields
	next.Labels, next.DescriptionHTML = nil, digest(next.DescriptionHTML)
	m.Tried = append(slices.DeleteFunc(m.Tried, func(f mapping.Fields) bool { return len(f.Differing(next)) == 0 }), next)
	m.Tried = m.Tried[max(0, len(m.Tried)-triesKept):]
	return m.String()
}

// tried reports whether the task has what was about to be written to it before: the
// write took effect, and its answer was lost.
func (c column) tried(s setup, link mapping.Link, wish mapping.Fields) bool {
	wish.DescriptionHTML = digest(wish.DescriptionHTML)
	return slices.ContainsFunc(readMemo(link.Notified).Tried, func(f mapping.Fields) bool { return c.words(s, f) == c.words(s, wish) })
}

// told lists the fields in which the task has what was about to be written to it, and
// not what both sides last agreed on.
func told(t task, link mapping.Link, s setup) []mapping.Field {
	var fields []mapping.Field
	for _, c := range columns {
		if wish := fromOdoo(t, s); c.words(s, wish) != c.words(s, link.LastPushed) && c.tried(s, link, wish) {
			fields = append(fields, c.field)
		}
	}
	return fields
}

// settled is the memo once it is known that nothing of what was about to be written is in
// the task: whoever writes the same there later does so on their own. It is empty where
// nothing changes.
func settled(t task, link mapping.Link, s setup) string {
	m := readMemo(link.Notified)
	if len(m.Tried) == 0 || len(told(t, link, s)) > 0 {
		return ""
	}
	m.Tried = nil
	return m.String()
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
