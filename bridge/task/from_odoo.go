package task

import (
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// fromOdoo says what a task's work item should look like.
func fromOdoo(t task, s setup) mapping.Fields {
	return mapping.Fields{
		Name:            fitting(t.Name),
		DescriptionHTML: t.Description,
		TargetDate:      s.day(t.Due),
		Priority:        string(s.fields.priorityInPlane(t.Priority)),
		Group:           string(s.board.group(t)),
	}
}
