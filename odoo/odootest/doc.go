// Package odootest is the simulated Odoo that tests and the demo talk to: the engine and the stock
// models of package sim, with the BIR addon of package birtest installed. What another flow needs is
// declared on top of it by [sim.Server.Declare].
package odootest
