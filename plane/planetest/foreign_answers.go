package planetest

import "net/http"

// ForeignAnswers are answers that do not have the shape of Plane's own: what a
// proxy, a login page, a half-written response or another program says in its
// place. Each is a Fault by name, without effect and once; set Method, Path,
// Times or Kind (FaultEffectThenStatus for one that took effect) as needed. An
// answer with status 404, 403 or 200 of such a shape says nothing about a record.
func ForeignAnswers() map[string]Fault {
	html := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	asJSON := http.Header{"Content-Type": {"application/json"}}
	text := http.Header{"Content-Type": {"text/plain"}}
	return map[string]Fault{
		"404 as HTML":           {Status: 404, Header: html},
		"404 as text":           {Status: 404, Header: text, Body: "404 page not found\n"},
		"404 without a body":    {Status: 404, NoBody: true},
		"404 as other JSON":     {Status: 404, Header: asJSON, Body: `{"message":"no Route matched with those values"}`},
		"404 of a gateway":      {Status: 404, Header: asJSON, Body: `{"error":"no application is bound to this host"}`},
		"404 of a gateway's":    {Status: 404, Header: asJSON, Body: `{"detail":"upstream not found","status":"error"}`},
		"404 as an empty page":  {Status: 404, Header: asJSON, Body: `{}`},
		"404 of an unknown URL": {Status: 404, Header: asJSON, Body: `{"error": "Page not found."}`},
		"403 as HTML":           {Status: 403, Header: html},
		"403 as other JSON":     {Status: 403, Header: asJSON, Body: `{"message":"Forbidden"}`},
		"403 without a body":    {Status: 403, NoBody: true},
		"401 as HTML":           {Status: 401, Header: html},
		"409 as HTML":           {Status: 409, Header: html},
		"400 as HTML":           {Status: 400, Header: html},
		"410 as HTML":           {Status: 410, Header: html},
		"200 as HTML":           {Status: 200, Header: html, Body: `<!doctype html><title>Sign in</title>`},
		"200 without a body":    {Status: 200, NoBody: true, Header: asJSON},
		"200 {}":                {Status: 200, Header: asJSON, Body: `{}`},
		"200 null":              {Status: 200, Header: asJSON, Body: `null`},
		"200 []":                {Status: 200, Header: asJSON, Body: `[]`},
		"200 a text":            {Status: 200, Header: asJSON, Body: `"ok"`},
		"200 an error object":   {Status: 200, Header: asJSON, Body: `{"error":"Something went wrong please try again later"}`},
		"200 other JSON":        {Status: 200, Header: asJSON, Body: `{"status":"maintenance","results":null}`},
		"200 results an object": {Status: 200, Header: asJSON, Body: `{"next_page_results":false,"results":{}}`},
		"200 truncated":         {Status: 200, Header: asJSON, Body: `{"grouped_by":null,"total_count":2,"results":[{"id":"ac96242e-a96d-48a4-8fdf-c38aa7492f2c","na`},
		"204 in its place":      {Status: 204, NoBody: true},
		"302 to a login":        {Status: 302, NoBody: true, Header: http.Header{"Location": {"/login"}}},
	}
}
