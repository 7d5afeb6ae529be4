package app

import (
	"github.com/insightpulseai/odoo-plane-bridge/bridge/budget"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// personClient is the client of somebody who consented. Plane counts the requests of
// each of its users by themselves, so each has a budget, which all replicas share.
func (a *App) personClient(personID string, signer *oauth.Signer) (*plane.Client, error) {
	own := budget.New(a.Pool, func() budget.Key { return budget.NewKey(a.Plane.APIURL(), "user "+personID) }, a.Logger)
	config := a.planeConfig(own)
	config.Auth, config.HTTPClient = signer, signer.HTTPClient()
	return plane.New(config)
}
