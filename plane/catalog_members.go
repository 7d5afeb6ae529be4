package plane

import (
	"context"
	"fmt"
	"slices"
)

// MemberName returns the display name of a project's member, for webhooks that name people by id only. Somebody who is
// no member any more has the empty name; the list is read again once for whoever is not in it, because people join.
func (c *Catalog) MemberName(ctx context.Context, projectID, userID string) (string, error) {
	p, err := c.own(ctx, projectID)
	if err != nil {
		return "", err
	}
	defer p.release()
	if name, found := p.memberName(userID); found {
		return name, nil
	}
	members, err := readable(ctx, projectID, c.client.listMembers)
	if err != nil {
		return "", fmt.Errorf("reading members of project %s: %w", projectID, err)
	}
	p.members = members
	name, found := p.memberName(userID)
	if !found {
		p.members = append(p.members, Member{User: User{ID: userID}}) // asked once, not for every webhook
	}
	return name, nil
}

func (p *projectCatalog) memberName(userID string) (string, bool) {
	i := slices.IndexFunc(p.members, func(m Member) bool { return m.ID == userID })
	if i < 0 {
		return "", false
	}
	return p.members[i].DisplayName, true
}
