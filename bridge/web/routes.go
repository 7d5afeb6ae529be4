package web

import (
	"cmp"
	"slices"
)

// Route is one request that the receiver knows, by method and path; a path may
// end in * for everything below it.
type Route struct{ Method, Path string }

// Routes lists what the receiver answers to, sorted, so that the description of
// its interface can be compared with what it does.
func (r *Receiver) Routes() []Route {
	var routes []Route
	for _, route := range r.server.Routes() {
		routes = append(routes, Route{route.Method, route.Path})
	}
	slices.SortFunc(routes, func(a, b Route) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return routes
}
