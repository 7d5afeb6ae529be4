package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

func TestWhatToDoAboutPlaneIsSaidInTheWordsOfTheSettings(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		plane.ErrBadKey: "PLANE_API_KEY", plane.ErrForbidden: "workspace slug", plane.ErrForeign: "proxy", plane.ErrServer: "own log",
		plane.ErrUnreachable: "DNS", plane.ErrNotFound: "base URL", plane.ErrRateLimited: "wait a minute",
	} {
		finding := plane.Finding{Problem: plane.ProblemCall, Err: fmt.Errorf("asking: %w", err)}
		if got := adviceForPlane(finding); !strings.Contains(got, want) {
			t.Errorf("about %v: %q, want %q in it", err, got, want)
		}
	}
	for problem, want := range map[plane.Problem]string{
		plane.ProblemUnseen: "project id", plane.ProblemGuest: "guest", plane.ProblemArchived: "restore", plane.ProblemCommunity: "reconcile",
		plane.NoProblem: "",
	} {
		if got := adviceForPlane(plane.Finding{Problem: problem}); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("about %q: %q, want %q in it", problem, got, want)
		}
	}
}
