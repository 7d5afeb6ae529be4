package task

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// memo is what the flow remembers about a work item beside its content. The core
// keeps it on the link as a text, in the transaction that ends the work.
type memo struct {
	// description names a description as Plane holds it, and what Odoo made of the
	// same one: both clean HTML in ways of their own, so the texts differ for good.
	description string
	archived    bool
}

const archivedMark = " archived"

func readMemo(told string) memo {
	description, archived := strings.CutSuffix(told, archivedMark)
	return memo{description, archived}
}

func (m memo) String() string {
	if m.archived {
		return m.description + archivedMark
	}
	return m.description
}

// inPlane names the description that Plane held when both sides last agreed: what
// Odoo took over from there, until Odoo's own was written over it.
func inPlane(link mapping.Link) string {
	held, of, _ := strings.Cut(readMemo(link.Told).description, "=")
	if written := digest(link.Written.DescriptionHTML); of != written {
		return written
	}
	return held
}

// remember is the memo that goes with a content that was accepted.
func (u update) remember(accepted mapping.Fields, link mapping.Link, item bridge.WorkItemState) memo {
	held := inPlane(link)
	if u.has(mapping.FieldDescription) {
		held = digest(item.Fields.DescriptionHTML)
	}
	return memo{held + "=" + digest(accepted.DescriptionHTML), item.Archived}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
