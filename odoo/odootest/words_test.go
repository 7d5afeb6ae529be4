package odootest

import "github.com/insightpulseai/odoo-plane-bridge/bridge/bir/birtest"

const (
	deadlineModel  = birtest.Model
	taxReturnModel = birtest.ReturnModel
	// deadlineModelID is the model's id in ir.model on the recorded server.
	deadlineModelID = 555
)
