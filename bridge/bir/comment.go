package bir

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"strconv"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

var _ bridge.CommentTaker = (*Flow)(nil)

// CommentFromPlane leaves a comment as a note in the chatter of the linked
// return. A deadline itself has no chatter. The note has the comment's id and a
// digest of its text in its external id: there is one however often it is sent,
// and an edited comment leaves a second one beside the first, as people's edits
// in Odoo's own chatter would be seen.
func (f *Flow) CommentFromPlane(ctx context.Context, link mapping.Link, comment bridge.CommentState) bridge.Verdict {
	d, err := f.read(ctx, link.Key)
	if errors.Is(err, bridge.ErrNoRecord) {
		return bridge.Ignored("Odoo has no deadline for " + string(link.Key) + " any more")
	}
	if err != nil {
		return verdict(err)
	}
	if d.Return.IsZero() {
		return bridge.Ignored("the deadline has no return whose chatter could take the comment")
	}
	outcome, err := f.passOn(ctx, d, comment)
	if err != nil {
		return verdict(err)
	}
	return bridge.Done(outcome)
}

func (f *Flow) passOn(ctx context.Context, d deadline, comment bridge.CommentState) (outcome string, err error) {
	digest := sha256.Sum256([]byte(comment.HTML))
	name := fmt.Sprintf("plane_comment_%s_%s", comment.ID, hex.EncodeToString(digest[:4]))
	body := fmt.Sprintf("<p><b>%s</b> in Plane:</p>%s", html.EscapeString(comment.Author), comment.HTML)
	created, err := f.load(ctx, "mail.message", name, []column{
		{"model", returnModel}, {"res_id", strconv.FormatInt(d.Return.ID, 10)}, {"body", body},
		{"message_type", "comment"}, {"subtype_id/id", noteSubtype},
	})
	if err != nil {
		return "", fmt.Errorf("leaving comment %s as a note in Odoo: %w", comment.ID, err)
	}
	if !created {
		return "the comment is a note on the return already", nil
	}
	return "comment left as a note on the return", nil
}
