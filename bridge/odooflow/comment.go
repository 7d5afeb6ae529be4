package odooflow

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"

	"github.com/microcosm-cc/bluemonday"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// NoteSubtype is the external id of what makes a message a note: it shows in the
// chatter and is mailed to nobody. load() finds it by name, also for a user who may
// not read the table behind it.
const NoteSubtype = "mail.mt_note"

// somebody wrote a comment who is no member of its project any more.
const somebody = "Somebody"

// clean leaves what people write in comments: text, lists, tables, links, pictures. It
// takes out what runs or hides something. A webhook's HTML is whatever a server sent,
// and Odoo shows a note to people who may do more than its author.
var clean = bluemonday.UGCPolicy()

// LeaveComment leaves a comment from Plane as a note in a record's chatter, and
// reports whether this call did. The note has the comment's id and a digest of its
// text in its external id: there is one however often it is sent, and an edited
// comment leaves a second one beside the first, as people's edits in Odoo's own
// chatter would be seen.
func LeaveComment(ctx context.Context, client *odoo.Client, model string, recordID int64, comment bridge.CommentState) (created bool, err error) {
	digest := sha256.Sum256([]byte(comment.HTML))
	name := fmt.Sprintf("plane_comment_%s_%s", comment.ID, hex.EncodeToString(digest[:4]))
	created, err = LoadOnce(ctx, client, "mail.message", name, odoo.Values{
		"model": model, "res_id": recordID, "message_type": "comment", "subtype_id/id": NoteSubtype,
		"body": odoo.HTML(fmt.Sprintf("<p><b>%s</b> in Plane:</p>%s", html.EscapeString(cmp.Or(comment.Author, somebody)), clean.Sanitize(comment.HTML))),
	})
	if err != nil {
		return false, Classify(fmt.Errorf("leaving comment %s as a note in Odoo: %w", comment.ID, err))
	}
	return created, nil
}
