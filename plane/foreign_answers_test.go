package plane_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// TestNoForeignAnswerOfTheSimulatedPlaneIsKnowledge asks in the ways from which a bridge concludes something.
func TestNoForeignAnswerOfTheSimulatedPlaneIsKnowledge(t *testing.T) {
	t.Parallel()
	for name, fault := range planetest.ForeignAnswers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := planetest.New(planetest.Options{})
				client, err := plane.New(plane.Config{
					BaseURL: "http://plane.example", Workspace: server.WorkspaceSlug(), Auth: plane.APIKey(server.BotKey()),
					HTTPClient: &http.Client{Transport: server.RoundTripper()},
				})
				if err != nil {
					t.Fatal(err)
				}
				item, err := client.CreateWorkItem(t.Context(), server.ProjectID(), plane.NewWorkItem{Name: "n", ExternalSource: "odoo", ExternalID: "m,1"})
				if err != nil {
					t.Fatal(err)
				}
				fault.Times = -1
				server.Fail(fault)
				for call, err := range concluding(t.Context(), client, server.ProjectID(), item.ID) {
					for _, sentinel := range []error{plane.ErrNotFound, plane.ErrForbidden, plane.ErrUnauthorized, plane.ErrBadKey, plane.ErrInvalid, plane.ErrConflict} {
						if err == nil || errors.Is(err, sentinel) {
							t.Errorf("%s is answered with knowledge: %v", call, err)
						}
					}
				}
			})
		})
	}
}

func concluding(ctx context.Context, c *plane.Client, project, item string) map[string]error {
	_, get := c.WorkItem(ctx, project, item, plane.View{})
	_, pair := c.WorkItemByExternalID(ctx, project, "odoo", "m,1", plane.View{})
	_, whole := c.Project(ctx, project)
	_, update := c.UpdateWorkItem(ctx, project, item, plane.WorkItemPatch{Name: plane.Set("n")})
	_, create := c.CreateWorkItem(ctx, project, plane.NewWorkItem{Name: "n", ExternalSource: "odoo", ExternalID: "m,1"})
	var list error
	for _, err := range c.WorkItems(ctx, project, plane.ListOptions{}) {
		list = err
	}
	return map[string]error{"get": get, "pair": pair, "project": whole, "update": update, "create": create, "list": list}
}
