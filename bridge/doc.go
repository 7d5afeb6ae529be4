// Package bridge is the core that joins Plane and Odoo: it receives webhooks,
// keeps them durably, works through them one entity at a time, and mirrors what
// a flow wants into Plane. It knows Plane and the database; what a record of
// Odoo means is a flow's business (see Flow).
package bridge
