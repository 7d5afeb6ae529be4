package sim

import (
	"strconv"
	"time"
)

// maxKeyDays is how long a key of a user without Settings rights may live.
const maxKeyDays = 90

// keyRequest is a key on its way: named and dated, perhaps already past make_key.
type keyRequest struct {
	user *account
	name string
	days int
}

// keyModels make and list API keys. Over JSON-2 three calls make one: create on
// res.users.apikeys.description, make_key on that, run_check on the identity check that answers,
// with the password in the context.
func keyModels() []*Model {
	return []*Model{
		{
			Name: "res.users.apikeys", Label: "Users API Keys", Writers: []string{groupSystem},
			Fields: []*Field{
				Char("name", "Description").Must(), Many2One("user_id", "User", "res.users"),
				Char("scope", "Scope"), Datetime("expiration_date", "Expiration Date"),
			},
		},
		{
			Name: "res.users.apikeys.description", Label: "API Key Description",
			Fields:  []*Field{Char("name", "Description").Must(), Char("duration", "Duration").StartsAs("90")},
			Methods: map[string]*Method{"make_key": {Existing: true, Run: runMakeKey}},
		},
		{
			Name: "res.users.identitycheck", Label: "Password Check Wizard", Fields: []*Field{Char("request", "Request")},
			Methods: map[string]*Method{"run_check": {Existing: true, Run: runIdentityCheck}},
		},
	}
}

func runMakeKey(c *Call) (any, error) {
	if c.protocol != protocolJSON2 {
		return nil, UserError("This method can only be accessed over HTTP")
	}
	described, err := c.one()
	if err != nil {
		return nil, err
	}
	days, err := strconv.Atoi(described.Text("duration"))
	limited := !c.user.in([]string{groupSystem})
	if err != nil || days < 0 || limited && (days == 0 || days > maxKeyDays) {
		return nil, raise("odoo.exceptions.ValidationError", "You cannot exceed %d days.", maxKeyDays)
	}
	check, err := c.create(c.db.tables["res.users.identitycheck"], map[string]any{"request": described.Text("name")})
	if err != nil {
		return nil, err
	}
	c.server.pendingKeys[check.ID()] = keyRequest{user: c.user, name: described.Text("name"), days: days}
	return map[string]any{
		"type": "ir.actions.act_window", "res_model": "res.users.identitycheck", "res_id": check.ID(),
		"name": "Access Control", "target": "new", "views": []any{[]any{false, "form"}},
		"context": map[string]any{"dialog_size": "medium"},
	}, nil
}

func runIdentityCheck(c *Call) (any, error) {
	check, err := c.one()
	if err != nil {
		return nil, err
	}
	pending, ok := c.server.pendingKeys[check.ID()]
	if !ok || pending.user != c.user || c.context["password"] != c.user.Password {
		return nil, UserError("Incorrect Password, try again or click on Forgot Password to reset your password.")
	}
	delete(c.server.pendingKeys, check.ID())
	values := map[string]any{"name": pending.name, "user_id": c.user.id}
	if pending.days > 0 {
		values["expiration_date"] = c.now.Add(time.Duration(pending.days) * 24 * time.Hour).Format(datetimeLayout)
	}
	r, err := c.create(c.db.tables["res.users.apikeys"], values)
	if err != nil {
		return nil, err
	}
	key := keyFor(c.user.Login + strconv.FormatInt(r.ID(), 10))
	c.server.keys[key] = c.user
	return map[string]any{
		"type": "ir.actions.act_window", "res_model": "res.users.apikeys.show", "name": "API Key Ready",
		"views": []any{[]any{false, "form"}}, "target": "new", "context": map[string]any{"default_key": key},
	}, nil
}

// one is the record of a method that takes exactly one.
func (c *Call) one() (Row, error) {
	if len(c.ids) != 1 {
		return nil, valueError("Expected singleton: %s%s", c.table.Name, pythonRepr(c.ids))
	}
	return c.table.rows[c.ids[0]], nil
}
