package plane

import "context"

// Comments returns the comments on a work item.
func (c *Client) Comments(ctx context.Context, projectID, itemID string) ([]Comment, error) {
	if err := needIDs(projectID, itemID); err != nil {
		return nil, err
	}
	return collect(list[Comment](ctx, c, get(c.items(projectID, itemID, "comments"), nil)))
}

// Activities returns the history of a work item. Comments are not in it.
func (c *Client) Activities(ctx context.Context, projectID, itemID string) ([]Activity, error) {
	if err := needIDs(projectID, itemID); err != nil {
		return nil, err
	}
	return collect(list[Activity](ctx, c, get(c.items(projectID, itemID, "activities"), nil)))
}

// CreateComment adds a comment. A pair of ExternalSource and ExternalID that exists gives ErrConflict with the existing
// id. An outcome that stays unknown is ErrUncertain, unless the pair is found among the comments; see CreateWorkItem.
func (c *Client) CreateComment(ctx context.Context, projectID, itemID string, comment NewComment) (Comment, error) {
	if err := needIDs(projectID, itemID); err != nil {
		return Comment{}, err
	}
	var find func() (Comment, error)
	if comment.ExternalSource != "" && comment.ExternalID != "" {
		find = func() (Comment, error) { return c.commentByPair(ctx, projectID, itemID, comment) }
	}
	return createOnce(ctx, c, post(c.items(projectID, itemID, "comments"), comment).carrying(comment.ExternalSource, comment.ExternalID), find)
}

// commentByPair walks the comments, because comments have no lookup by external id.
func (c *Client) commentByPair(ctx context.Context, projectID, itemID string, wanted NewComment) (Comment, error) {
	path := c.items(projectID, itemID, "comments")
	for comment, err := range list[Comment](ctx, c, get(path, nil)) {
		if err != nil {
			return Comment{}, err
		}
		if comment.ExternalSource == wanted.ExternalSource && comment.ExternalID == wanted.ExternalID {
			return comment, nil
		}
	}
	return Comment{}, &Error{Status: 200, Kind: KindNotFound, Method: "GET", Path: shownPath(path), Message: "no comment carries this external id"}
}

// UpdateComment sends the fields of p that are set.
func (c *Client) UpdateComment(ctx context.Context, projectID, itemID, commentID string, p CommentPatch) (Comment, error) {
	if err := needIDs(projectID, itemID, commentID); err != nil {
		return Comment{}, err
	}
	return fetch[Comment](ctx, c, patch(c.items(projectID, itemID, "comments", commentID), p).of(commentID))
}

// DeleteComment deletes a comment.
func (c *Client) DeleteComment(ctx context.Context, projectID, itemID, commentID string) error {
	if err := needIDs(projectID, itemID, commentID); err != nil {
		return err
	}
	return c.remove(ctx, del(c.items(projectID, itemID, "comments", commentID)))
}
