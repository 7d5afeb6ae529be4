package main

import (
	"github.com/insightpulseai/odoo-plane-bridge/bridge/budget"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// personClient is the client of somebody who consented. Plane counts the requests of
// each of its users by themselves, so each has a budget, which all replicas share.
func (a *app) personClient(personID string, signer *oauth.Signer) (*plane.Client, error) {
	own := budget.New(a.pool, func() budget.Key { return budget.NewKey(a.plane.APIURL(), "user "+personID) }, a.logger)
	return plane.New(plane.Config{
		BaseURL: a.settings.PlaneBaseURL.String(), Workspace: string(a.settings.PlaneWorkspaceSlug), Auth: signer, HTTPClient: signer.HTTPClient(),
		Budget: own, Logger: a.logger, UserAgent: "odoo-plane-bridge/" + version, Timeout: planeTimeout,
	})
}
