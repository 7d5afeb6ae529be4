package sweep

import (
	"strings"
	"testing"
)

func TestASweepRemarksOnWhatItLeavesAsItIs(t *testing.T) {
	t.Parallel()
	report := Report{Moved: 2, InIntake: 1, Unreadable: []UnreadableItem{{ID: "i", Why: "away"}}, Project: "not found", Missing: 3, WebhookSilent: true}
	got := report.Remarks()
	if len(got) != 5 {
		t.Fatalf("%d remarks: %q", len(got), got)
	}
	for i, part := range []string{"2 work items are in another project", "1 work items wait in Intake", "Work item i could not be read", "3 work items are missing because they are not found", "webhook is silent"} {
		if !strings.Contains(got[i], part) {
			t.Errorf("remark %q, want it to say %q", got[i], part)
		}
	}
	if quiet := (Report{Items: 9}).Remarks(); len(quiet) != 0 {
		t.Errorf("remarks on a sweep that found nothing: %q", quiet)
	}
}
