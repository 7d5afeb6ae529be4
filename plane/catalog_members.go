package plane

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// strangerHolds is how long somebody counts as no member who was in no list. An event has several webhooks, and each
// would ask again.
const strangerHolds = time.Minute

// MemberName returns the display name of a project's member, for webhooks that name people by id only. Somebody who is
// no member any more has the empty name; the list is read again for whoever is not in it, because people join.
func (c *Catalog) MemberName(ctx context.Context, projectID, userID string) (string, error) {
	p := c.project(projectID)
	if name, found := p.memberName(userID); found {
		return name, nil
	}
	// Whoever joins a question about somebody else might be answered by a list that is too old to hold him.
	return once(ctx, p, "member "+userID, func(ctx context.Context) (string, error) {
		if name, found := p.memberName(userID); found {
			return name, nil
		}
		members, err := readable(ctx, projectID, c.client.listMembers)
		if err == nil && len(members) == 0 {
			err = &Error{
				Status: http.StatusOK, Kind: KindForeign, Method: http.MethodGet, Path: c.client.inProject(projectID, "members"),
				Message: "nobody is a member, and whoever may read this is one; a proxy may have given the answer",
			}
		}
		if err != nil {
			return "", fmt.Errorf("reading members of project %s: %w", projectID, err)
		}
		p.locked(func() { p.members = members })
		name, found := p.memberName(userID)
		if !found {
			p.locked(func() { p.strangers[userID] = time.Now() })
		}
		return name, nil
	})
}

// memberName is what is known of somebody, that nobody knows him included.
func (p *projectCatalog) memberName(userID string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.members, func(m Member) bool { return m.ID == userID })
	if i < 0 {
		asked, unknown := p.strangers[userID]
		return "", unknown && time.Since(asked) < strangerHolds
	}
	return p.members[i].DisplayName, true
}
