package check

import (
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
)

func TestAKeyThatEndsSoonIsToldInTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for left, want := range map[time.Duration]bridge.Grade{
		-time.Second: bridge.GradeFail, time.Hour: bridge.GradeNote, 13 * 24 * time.Hour: bridge.GradeNote, 15 * 24 * time.Hour: bridge.GradeOK,
	} {
		if got := gradeKey(now.Add(left), now); got.Grade != want || (want != bridge.GradeOK) != (got.Do != "") {
			t.Errorf("%s before its end: %+v, want grade %s", left, got, want)
		}
	}
}
