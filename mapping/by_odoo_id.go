package mapping

import "context"

const sqlByOdooID = `SELECT ` + sqlColumns + ` FROM ops.plane_sync_mappings
	WHERE odoo_model = $1 AND odoo_id = $2 AND plane_workspace = $3 AND plane_project_id = $4`

// ByOdooID returns the link of the record that had this id when it was last
// mirrored, or ErrNoLink. It is how a deleted record is recognised: its id is all
// that is left of it.
func (s *Store) ByOdooID(ctx context.Context, scope Scope, model string, odooID int64) (Link, error) {
	return s.one(ctx, "reading the link of a record by its id", sqlByOdooID, model, odooID, scope.Workspace, scope.ProjectID)
}
