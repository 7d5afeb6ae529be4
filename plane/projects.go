package plane

import (
	"context"
	"iter"
)

// Me returns the user that the credentials belong to; it is also the cheapest check that they work.
func (c *Client) Me(ctx context.Context) (User, error) {
	return fetch[User](ctx, c, get(join("users", "me"), nil))
}

// Projects returns the projects of the workspace that the caller may see.
func (c *Client) Projects(ctx context.Context) ([]Project, error) {
	return collect(list[Project](ctx, c, get(c.inWorkspace("projects"), nil)))
}

// Project returns one project.
func (c *Client) Project(ctx context.Context, projectID string) (Project, error) {
	if err := needIDs(projectID); err != nil {
		return Project{}, err
	}
	return fetch[Project](ctx, c, get(c.inProject(projectID), nil).of(projectID))
}

// States returns a project's states, in the server's order.
func (c *Client) States(ctx context.Context, projectID string) ([]State, error) {
	if err := needIDs(projectID); err != nil {
		return nil, err
	}
	return collect(c.listStates(ctx, projectID))
}

func (c *Client) listStates(ctx context.Context, projectID string) iter.Seq2[State, error] {
	return list[State](ctx, c, get(c.inProject(projectID, "states"), nil))
}

// CreateState adds a state to a project.
func (c *Client) CreateState(ctx context.Context, projectID string, state NewState) (State, error) {
	if err := needIDs(projectID); err != nil {
		return State{}, err
	}
	return fetch[State](ctx, c, post(c.inProject(projectID, "states"), state))
}

// Labels returns a project's labels.
func (c *Client) Labels(ctx context.Context, projectID string) ([]Label, error) {
	if err := needIDs(projectID); err != nil {
		return nil, err
	}
	return collect(c.listLabels(ctx, projectID))
}

func (c *Client) listLabels(ctx context.Context, projectID string) iter.Seq2[Label, error] {
	return list[Label](ctx, c, get(c.inProject(projectID, "labels"), nil))
}

// CreateLabel adds a label to a project. A name that exists gives ErrConflict with the existing id.
func (c *Client) CreateLabel(ctx context.Context, projectID string, label NewLabel) (Label, error) {
	if err := needIDs(projectID); err != nil {
		return Label{}, err
	}
	return fetch[Label](ctx, c, post(c.inProject(projectID, "labels"), label).carrying(label.ExternalSource, label.ExternalID))
}

// Members returns the members of a project; their Role is not sent.
func (c *Client) Members(ctx context.Context, projectID string) ([]Member, error) {
	if err := needIDs(projectID); err != nil {
		return nil, err
	}
	return collect(c.listMembers(ctx, projectID))
}

func (c *Client) listMembers(ctx context.Context, projectID string) iter.Seq2[Member, error] {
	return list[Member](ctx, c, arrayOf(c.inProject(projectID, "members")))
}

// WorkspaceMembers returns the members of the workspace with their roles.
func (c *Client) WorkspaceMembers(ctx context.Context) ([]Member, error) {
	return collect(list[Member](ctx, c, arrayOf(c.inWorkspace("members"))))
}
