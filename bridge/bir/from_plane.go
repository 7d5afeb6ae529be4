package bir

import (
	"fmt"
	"html"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// A deadline becomes filed in Odoo when the return that is linked to it is filed,
// and in no other way: its state is recomputed from there. So what happens in
// Plane is told to people in Odoo and never written over Odoo's own data.

// message is what Odoo is to be told about a deadline.
type message struct {
	kind messageKind
	// why is what the account says when there is nothing to tell.
	why string
	// note is the text for people, empty when there is nothing to tell.
	summary string
	note    odoo.HTML
}

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

// fromPlane says what Odoo is to be told of a work item as it is now. told is
// what it was told last.
func fromPlane(d deadline, item bridge.WorkItemState, told string) message {
	reminded := told == string(tellCompleted) || told == string(tellCompleting)
	switch {
	case d.filed() && reminded:
		return message{kind: tellSettled, why: "Odoo has filed the deadline"}
	case d.filed():
		return message{why: "Odoo has filed the deadline; there is nothing to tell"}
	case group(item) == "":
		return message{why: "the work item does not show its state, so what Odoo was told stays"}
	case reminded && group(item) != plane.GroupCompleted:
		return message{kind: tellSettled, why: "the work item was opened again"}
	case group(item) == plane.GroupCompleted:
		return compose(tellCompleted, d, item, told,
			"Completed in Plane, not filed yet: "+d.Name,
			"The work item is completed in Plane, but Odoo does not say that the return is filed. File it here, or move the work item back.")
	case group(item) == plane.GroupStarted:
		return compose(tellStarted, d, item, told,
			"Work has begun in Plane: "+d.Name, "Somebody has begun to work on this in Plane.")
	default:
		return message{why: fmt.Sprintf("the work item is in group %s, of which Odoo is not told", item.Fields.Group)}
	}
}

// announces says what has to be on the books before Odoo is called: a reminder,
// which is to be taken back if the work item is opened again.
func announces(item bridge.WorkItemState, told string) messageKind {
	if group(item) == plane.GroupCompleted && told != string(tellCompleted) {
		return tellCompleting
	}
	return tellNothing
}

func group(item bridge.WorkItemState) plane.StateGroup { return plane.StateGroup(item.Fields.Group) }

func compose(kind messageKind, d deadline, item bridge.WorkItemState, told, summary, text string) message {
	if told == string(kind) {
		return message{why: "Odoo was told already"}
	}
	note := fmt.Sprintf(`<p>%s</p><p><a href="%s">%s</a> (%s), due %s</p>`,
		html.EscapeString(text), html.EscapeString(item.URL), html.EscapeString(item.Fields.Name), html.EscapeString(item.StateName), d.Due)
	return message{kind: kind, summary: summary, note: odoo.HTML(note)}
}
