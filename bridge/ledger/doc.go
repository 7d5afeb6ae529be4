// Package ledger keeps what came in and what is known of it: deliveries, work items,
// brakes, refusals, and the locks under which they are worked on. The inbox makes a
// delivery durable with its job in one transaction. It is the only room with SQL for
// these tables.
package ledger
