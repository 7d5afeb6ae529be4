// Package bridge is the contract between a flow and the core: what a flow says it wants,
// what it is told, and the verdicts, causes and errors that both sides speak in. The
// rooms below it do the work; a flow imports none of them.
package bridge
