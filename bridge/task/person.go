package task

import (
	"context"
	"fmt"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

var _ bridge.Attributor = (*Flow)(nil)

const userModel = "res.users"

// EmailOf reads the e-mail address of a user of the office. Two users with one
// address, archived ones included, are nobody: which of them it was cannot be known.
func (f *Flow) EmailOf(ctx context.Context, odooUserID int64) (string, error) {
	session, err := f.config.Odoo.Connect(ctx)
	if err != nil {
		return "", odooflow.Classify(fmt.Errorf("connecting to Odoo: %w", err))
	}
	if odooUserID == session.UserID {
		return "", nil
	}
	var found []struct {
		Email string `odoo:"email"`
	}
	office := odoo.And(odoo.Where("id", "=", odooUserID), odoo.Where("share", "=", false))
	if err := f.config.Odoo.SearchRead(ctx, userModel, office, odoo.ReadOptions{Fields: []string{"email"}}, &found); err != nil {
		return "", odooflow.Classify(fmt.Errorf("reading the e-mail address of user %d: %w", odooUserID, err))
	}
	if len(found) == 0 || strings.TrimSpace(found[0].Email) == "" {
		return "", nil
	}
	email := strings.TrimSpace(found[0].Email)
	var same []struct {
		ID int64 `odoo:"id"`
	}
	all := odoo.ReadOptions{Fields: []string{"id"}, Limit: 2, Context: odoo.Values{"active_test": false}}
	if err := f.config.Odoo.SearchRead(ctx, userModel, odoo.Where("email", "=ilike", email), all, &same); err != nil {
		return "", odooflow.Classify(fmt.Errorf("counting the users with the e-mail address of user %d: %w", odooUserID, err))
	}
	if len(same) != 1 {
		return "", nil
	}
	return email, nil
}
