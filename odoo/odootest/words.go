package odootest

import (
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir/birtest"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest/sim"
)

// The words of the engine and of the addon, so that a test needs this one package.
type (
	// ActivityList is what somebody finds behind the clock in the web client's menu.
	ActivityList = sim.ActivityList
	// Credentials are what one user signs in with.
	Credentials = sim.Credentials
	// Deadline is one filing deadline as stored.
	Deadline = birtest.Deadline
	// Fault makes calls fail, and FaultKind says how.
	Fault = sim.Fault
	// FaultKind says how calls fail.
	FaultKind = sim.FaultKind
	// Record is one record in RPC form, many2one values as bare ids.
	Record = sim.Record
	// Write is one change of one record that a caller made over RPC and that took effect.
	Write = sim.Write
)

// GroupContacts is the group of whoever may write contacts.
const GroupContacts = sim.GroupContacts

// The kinds of fault; sim says what each does.
const (
	ErrorObject          = sim.ErrorObject
	BadGateway           = sim.BadGateway
	GatewayTimeout       = sim.GatewayTimeout
	CutBefore            = sim.CutBefore
	CutAfter             = sim.CutAfter
	SerializationFailure = sim.SerializationFailure
	LoadConflict         = sim.LoadConflict
	Delayed              = sim.Delayed
	PoolExhausted        = sim.PoolExhausted
	DatabaseGone         = sim.DatabaseGone
	UnknownModel         = sim.UnknownModel
	NotFoundPage         = sim.NotFoundPage
	ForeignAnswer        = sim.ForeignAnswer
	EffectThenForeign    = sim.EffectThenForeign
	WrongResult          = sim.WrongResult
)
