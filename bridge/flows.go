package bridge

// flows are the flows that are switched on.
type flows []Flow

func (fs flows) byName(name string) (Flow, bool) {
	for _, flow := range fs {
		if flow.Scope().Flow == name {
			return flow, true
		}
	}
	return nil, false
}

func (fs flows) byModel(model string) (Flow, bool) {
	for _, flow := range fs {
		if flow.Model() == model {
			return flow, true
		}
	}
	return nil, false
}

// inProject reports whether a flow mirrors into a project of Plane.
func (fs flows) inProject(projectID string) bool {
	for _, flow := range fs {
		if flow.Scope().ProjectID == projectID {
			return true
		}
	}
	return false
}

// labelColor asks the flow of a project which colour a label is to have.
func (fs flows) labelColor(projectID, name string) string {
	for _, flow := range fs {
		if colorer, colors := flow.(LabelColorer); colors && flow.Scope().ProjectID == projectID {
			return colorer.LabelColor(name)
		}
	}
	return ""
}
