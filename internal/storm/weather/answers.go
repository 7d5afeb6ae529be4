package weather

import (
	"cmp"
	"maps"
	"net/http"
	"slices"

	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

const proxysPage = `<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>`

// InPlanesPlace are answers that do not come from Plane, and its own 429.
func InPlanesPlace() []Answer {
	foreign := planetest.ForeignAnswers()
	html := http.Header{"Content-Type": {"text/html"}}
	answers := []Answer{
		{502, html, proxysPage},
		{504, html, proxysPage},
		{503, html, proxysPage},
		{
			429,
			http.Header{"Content-Type": {"application/json"}, "Retry-After": {"2"}},
			`{"error_code":5900,"error_message":"RATE_LIMIT_EXCEEDED"}`,
		},
	}
	for _, name := range slices.Sorted(maps.Keys(foreign)) {
		fault := foreign[name]
		body := fault.Body
		if body == "" && !fault.NoBody {
			body = proxysPage
		}
		if fault.Status != http.StatusNoContent {
			answers = append(answers, Answer{cmp.Or(fault.Status, http.StatusBadGateway), fault.Header, body})
		}
	}
	return answers
}

// InOdoosPlace are answers that do not come from Odoo. None has the shape of a result,
// because nobody could tell such a one from Odoo's own.
func InOdoosPlace() []Answer {
	html, asJSON := http.Header{"Content-Type": {"text/html; charset=utf-8"}}, http.Header{"Content-Type": {"application/json"}}
	return []Answer{
		{502, html, proxysPage},
		{504, html, proxysPage},
		{503, html, proxysPage},
		{404, html, "<!doctype html><title>404 Not Found</title>"},
		{403, html, "<!doctype html><title>403 Forbidden</title>"},
		{429, html, "Too Many Requests"},
		{200, html, "<!doctype html><title>Sign in</title>"},
		{200, asJSON, `{"status":"maintenance"}`},
		{404, asJSON, `{"message":"no Route matched with those values"}`},
		{200, asJSON, ``},
		{502, html, ""},
	}
}
