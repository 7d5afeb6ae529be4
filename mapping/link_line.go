package mapping

// LinkLine is a link as commands show it, in JSON and in tables.
type LinkLine struct {
	Key       Key    `json:"key"`
	OdooID    int64  `json:"odoo_id"`
	Issue     string `json:"work_item,omitempty"`
	State     State  `json:"state"`
	Name      string `json:"name"`
	Due       string `json:"due"`
	LastError string `json:"last_error,omitempty"`
}

// LineOf shows a link.
func LineOf(link Link) LinkLine {
	line := LinkLine{
		Key: link.Key, OdooID: link.OdooID, Issue: link.Issue(), State: link.State,
		Name: link.LastPushed.Name, Due: link.LastPushed.TargetDate,
	}
	if link.LastError != nil {
		line.LastError = *link.LastError
	}
	return line
}
