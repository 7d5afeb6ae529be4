package odooflow

// SetupError is what keeps a flow from doing in Odoo what the settings ask for, and what a person does
// about it.
type SetupError struct{ Problem, Do string }

func (e *SetupError) Error() string { return e.Problem + ". " + e.Do }
