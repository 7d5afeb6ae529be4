package bir

import (
	"fmt"
	"html"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// A deadline becomes filed in Odoo when the return that is linked to it is filed,
// and in no other way: its state is recomputed from there. So what happens in
// Plane is told to people in Odoo and never written over Odoo's own data.

// message is what Odoo is to be told about a deadline.
type message struct {
	notice
	// why is what the account says when there is nothing to tell.
	why string
	// note is the text for people, empty when there is nothing to tell.
	summary string
	note    odoo.HTML
	// at is when that happened in Plane.
	at time.Time
}

// fromPlane says what Odoo is to be told of a work item as it is now. before is what
// the link remembers of what it was told last.
func fromPlane(d deadline, item bridge.WorkItemState, before string) message {
	last := readNotice(before)
	switch {
	case d.filed() && last.reminded():
		return message{notice: notice{tellSettled, last.completion}, why: "Odoo has filed the deadline"}
	case d.filed():
		return message{why: "Odoo has filed the deadline; there is nothing to tell"}
	case item.Fields.Group == "":
		return message{why: "the body names no state, so nothing is known of it"}
	case last.reminded() && group(item) != plane.GroupCompleted:
		return message{notice: notice{tellSettled, last.completion}, why: "the work item was opened again"}
	case group(item) == plane.GroupCompleted:
		return compose(notice{tellCompleted, last.next()}, d, item, last,
			"Completed in Plane, not filed yet: "+d.Name,
			"The work item is completed in Plane, but Odoo does not say that the return is filed. File it here, or move the work item back.")
	case group(item) == plane.GroupStarted:
		return compose(notice{tellStarted, last.completion}, d, item, last,
			"Work has begun in Plane: "+d.Name, "Somebody has begun to work on this in Plane.")
	default:
		return message{why: fmt.Sprintf("the work item is in group %s, of which Odoo is not told", item.Fields.Group)}
	}
}

// announces says what has to be on the books before Odoo is called: a reminder,
// which is to be taken back if the work item is opened again.
func announces(item bridge.WorkItemState, before string) notice {
	last := readNotice(before)
	if group(item) == plane.GroupCompleted && last.kind != tellCompleted {
		return notice{tellCompleting, last.next()}
	}
	return notice{}
}

func group(item bridge.WorkItemState) plane.StateGroup { return plane.StateGroup(item.Fields.Group) }

func compose(t notice, d deadline, item bridge.WorkItemState, last notice, summary, text string) message {
	if last.kind == t.kind {
		return message{why: "Odoo was told already"}
	}
	note := fmt.Sprintf(`<p>%s</p><p><a href="%s">%s</a> (%s), due %s</p>`,
		html.EscapeString(text), html.EscapeString(item.URL), html.EscapeString(item.Fields.Name), html.EscapeString(item.StateName), d.Due)
	return message{notice: t, summary: summary, note: odoo.HTML(note), at: item.UpdatedAt}
}
