package sweep

import "fmt"

// Remarks are the lines about what a sweep could not do, left as it is, or leaves to a person.
func (r Report) Remarks() []string {
	var lines []string
	if r.Moved > 0 {
		lines = append(lines, fmt.Sprintf("%d work items are in another project now; they are neither followed nor made again (`mappings audit` names them).", r.Moved))
	}
	if r.InIntake > 0 {
		lines = append(lines, fmt.Sprintf("%d work items wait in Intake to be accepted; they are left as known.", r.InIntake))
	}
	for _, item := range r.Unreadable {
		lines = append(lines, fmt.Sprintf("Work item %s could not be read and is left as known: %s", item.ID, item.Why))
	}
	switch {
	case r.Brake != nil:
		lines = append(lines, "Held by the brake: "+r.Brake.String()+".")
	case r.Project != "":
		lines = append(lines, fmt.Sprintf("%d work items are missing because they are %s; nothing is taken for deleted.", r.Missing, r.Project))
	}
	if r.WebhookSilent {
		lines = append(lines, "Plane's webhook is silent: none came since the oldest of these changes. Plane has probably switched it off; "+
			"switch it on again in the workspace's settings.")
	}
	return lines
}
