// Package shown reads what Plane shows of a work item into the terms of the mapping, and
// finds out where one is that a list or an address does not show. Absence needs proof.
package shown
