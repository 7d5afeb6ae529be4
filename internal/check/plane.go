package check

import (
	"errors"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// ofPlane are the findings of a probe of Plane, with what to do about each.
func ofPlane(report plane.Report) []bridge.Finding {
	var findings []bridge.Finding
	for _, f := range report.Findings {
		findings = append(findings, bridge.Finding{Name: f.Name, Grade: bridge.Grade(f.Grade), Found: f.Found, Do: adviceForPlane(f)})
	}
	return findings
}

// adviceForPlane is what an operator can do about a finding, in the words of the
// settings.
func adviceForPlane(f plane.Finding) string {
	switch f.Problem {
	case plane.ProblemCall:
		return adviceForCall(f.Err)
	case plane.ProblemNoProject:
		return "set the project that records are mirrored into"
	case plane.ProblemUnseen:
		return "check the project id, and add the key's user to the project as a member"
	case plane.ProblemArchived:
		return "restore the project or choose another"
	case plane.ProblemRoleUnknown:
		return "see that the key's user is at least a member"
	case plane.ProblemGuest:
		return "make the key's user a member (15) or admin (20) of the project; a guest cannot change work items"
	case plane.ProblemOldPaths:
		return "the client falls back by itself; plan an upgrade of Plane, issues/ will go"
	case plane.ProblemNoBudget:
		return "see the log; the limit is learned again as soon as it can"
	case plane.ProblemCommunity:
		return "use an API key, and keep the reconcile schedule on: it finds what webhooks do not tell"
	case plane.NoProblem:
	}
	return ""
}

// adviceForCall is the advice for a failure that an operator can mend.
func adviceForCall(err error) string {
	switch {
	case errors.Is(err, plane.ErrBadKey), errors.Is(err, plane.ErrUnauthorized):
		return "make a new API key in Plane (profile, personal access tokens) and set PLANE_API_KEY"
	case errors.Is(err, plane.ErrForbidden):
		return "check the workspace slug, and that the key's user is a member of the workspace"
	case errors.Is(err, plane.ErrRateLimited):
		return "wait a minute; somebody else uses the same key"
	case errors.Is(err, plane.ErrUnreachable):
		return "check the base URL, DNS and firewall"
	case errors.Is(err, plane.ErrNotFound), errors.Is(err, plane.ErrUnrouted):
		return "check the base URL: the server does not know this path"
	case errors.Is(err, plane.ErrForeign):
		return "something between us and Plane answers in its place: check the base URL, and the proxy before Plane"
	case errors.Is(err, plane.ErrServer):
		return "look at the Plane server's own log"
	}
	return "see the message"
}
