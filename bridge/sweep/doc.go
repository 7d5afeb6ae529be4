// Package sweep finds what no webhook reported: it lists a project, compares it with
// what is known, and feeds what differs through the inbox.
package sweep
