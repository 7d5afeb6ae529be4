package outbound

import "github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"

// Summary is a plan as commands show it in JSON: what would be done, and what it costs.
type Summary struct {
	Create    int        `json:"create"`
	Adopt     int        `json:"adopt"`
	Change    int        `json:"change"`
	Cancel    int        `json:"cancel"`
	Leave     int        `json:"leave"`
	Held      int        `json:"held"`
	Brake     string     `json:"brake,omitempty"`
	Requests  int        `json:"requests"`
	Conflicts int        `json:"conflicts"`
	Steps     []StepLine `json:"steps"`
}

// StepLine is one step of a plan.
type StepLine struct {
	Action string   `json:"action"`
	Key    string   `json:"key"`
	Name   string   `json:"name"`
	Due    string   `json:"due"`
	Fields []string `json:"fields,omitempty"`
	Reason string   `json:"reason,omitempty"`
}

// Summarise counts the steps of a plan by what they do.
func Summarise(plan mirror.Plan) Summary {
	sum := Summary{
		Create: plan.Count(mirror.ActionCreate), Adopt: plan.Count(mirror.ActionAdopt), Change: plan.Count(mirror.ActionChange),
		Leave: plan.Count(mirror.ActionLeave), Cancel: plan.Count(mirror.ActionCancel), Held: plan.Count(mirror.ActionHold),
		Requests: plan.Requests(), Conflicts: len(plan.Conflicts), Steps: []StepLine{},
	}
	if plan.Brake != nil {
		sum.Brake = plan.Brake.String()
	}
	for _, step := range plan.Work() {
		line := StepLine{
			Action: string(step.Action), Key: string(step.Item.Key), Name: step.Item.Fields.Name,
			Due: step.Item.Fields.TargetDate, Reason: step.Reason,
		}
		for _, field := range step.Fields {
			line.Fields = append(line.Fields, string(field))
		}
		sum.Steps = append(sum.Steps, line)
	}
	return sum
}
