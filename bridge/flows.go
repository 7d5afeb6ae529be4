package bridge

// Flows are the flows that are switched on.
type Flows []Flow

func (fs Flows) ByName(name string) (Flow, bool) {
	for _, flow := range fs {
		if flow.Scope().Flow == name {
			return flow, true
		}
	}
	return nil, false
}

func (fs Flows) ByModel(model string) (Flow, bool) {
	for _, flow := range fs {
		if flow.Model() == model {
			return flow, true
		}
	}
	return nil, false
}

// InProject reports whether a flow mirrors into a project of Plane.
func (fs Flows) InProject(projectID string) bool {
	for _, flow := range fs {
		if flow.Scope().ProjectID == projectID {
			return true
		}
	}
	return false
}

// LabelColor asks the flow of a project which colour a label is to have.
func (fs Flows) LabelColor(projectID, name string) string {
	for _, flow := range fs {
		if colorer, colors := flow.(LabelColorer); colors && flow.Scope().ProjectID == projectID {
			return colorer.LabelColor(name)
		}
	}
	return ""
}
