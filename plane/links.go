package plane

import "context"

// Links returns the links of a work item.
func (c *Client) Links(ctx context.Context, projectID, itemID string) ([]Link, error) {
	if err := needIDs(projectID, itemID); err != nil {
		return nil, err
	}
	return collect(list[Link](ctx, c, get(c.items(projectID, itemID, "links"), nil)))
}

// CreateLink adds a link. The same URL twice on one work item gives ErrInvalid.
func (c *Client) CreateLink(ctx context.Context, projectID, itemID string, link NewLink) (Link, error) {
	if err := needIDs(projectID, itemID); err != nil {
		return Link{}, err
	}
	return fetch[Link](ctx, c, post(c.items(projectID, itemID, "links"), link))
}
