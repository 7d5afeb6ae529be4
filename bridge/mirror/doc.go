// Package mirror writes work items into Plane and keeps their links: plan, create, adopt,
// change, cancel. It notes what Plane's answers confirm and nothing else.
package mirror
