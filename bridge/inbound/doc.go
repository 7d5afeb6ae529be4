// Package inbound works through deliveries, from Plane to Odoo: it folds what is open for
// one work item to the newest state, keeps it, tells the flow, and reverts edits to what
// Odoo owns. It replays deliveries on request, and by itself when their cause is over.
package inbound
