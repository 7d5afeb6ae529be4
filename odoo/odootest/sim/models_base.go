package sim

import (
	"slices"
	"strings"
	"time"
)

// settingsModels are the technical models that only an administrator may read.
func settingsModels() []*Model {
	return []*Model{
		{
			Name: "ir.config_parameter", Label: "System Parameter", NameField: "key",
			Readers: []string{groupSystem}, Writers: []string{groupSystem},
			Fields: []*Field{Char("key", "Key").Must(), Text("value", "Value").Must()},
			Unique: map[string]string{"key": "Key must be unique."},
			Methods: map[string]*Method{
				"get_param": {OnModel: true, Needs: "read", Params: []string{"key!", "default"}, Run: runGetParam},
				"set_param": {OnModel: true, Needs: "write", Params: []string{"key!", "value!"}, Run: runSetParam},
			},
		},
		{
			Name: "ir.model.data", Label: "Model Data",
			Readers: []string{groupRights}, Writers: []string{groupRights},
			Fields: []*Field{
				Char("module", "Module").StartsAs(""), Char("name", "External Identifier").Must(),
				Char("model", "Model Name").Must(), Integer("res_id", "Record ID"),
				Boolean("noupdate", "Non Updatable").StartsAs(false),
			},
			Check:   uniqueExternalID,
			Methods: map[string]*Method{"check_object_reference": checkObjectReference},
		},
		{
			Name: "ir.model", Label: "Models",
			Readers: []string{groupRights}, Writers: []string{groupSystem},
			Fields: []*Field{Char("name", "Model Description").Must(), Char("model", "Model").Must()},
		},
		{
			Name: "ir.model.fields", Label: "Fields",
			Readers: []string{groupRights}, Writers: []string{groupSystem},
			Fields: []*Field{
				Char("name", "Field Name").Must(), Char("field_description", "Field Label"),
				Many2One("model_id", "Model", "ir.model").Must(), Char("model", "Model Name"),
				Selection("ttype", "Field Type", fieldKinds()...).Must(), Char("relation", "Related Model"),
				Char("state", "Type").StartsAs("manual"), Boolean("index", "Indexed"), Boolean("copied", "Copied"),
				Boolean("readonly", "Readonly"), Boolean("required", "Required"), Char("selection", "Selection Options"),
				Text("help", "Field Help"),
			},
			Check: checkManualField, Stored: addManualField, Removed: dropManualField,
		},
		{
			Name: "ir.module.module", Label: "Module", Readers: nil, Writers: []string{groupSystem},
			Fields: []*Field{Char("name", "Technical Name").Must(), Char("state", "Status").StartsAs("uninstalled")},
			Methods: map[string]*Method{
				"button_immediate_install": {Needs: "write", Run: runInstall},
			},
		},
		{
			Name: "ir.cron", Label: "Scheduled Actions", Readers: []string{groupSystem}, Writers: []string{groupSystem},
			Fields:  []*Field{Char("name", "Name").Must(), Char("code", "Python Code"), Boolean("active", "Active").StartsAs(true)},
			Methods: map[string]*Method{"method_direct_trigger": {Needs: "write", Run: runCron}},
		},
	}
}

func peopleModels() []*Model {
	return []*Model{
		{
			Name: "res.company", Label: "Companies", Writers: []string{groupSystem},
			Fields: []*Field{Char("name", "Company Name").Must(), Many2One("partner_id", "Partner", "res.partner")},
			Rule:   companyRule, Stored: companyStored,
		},
		{
			Name: "res.partner", Label: "Contact", Chatter: true, Writers: []string{GroupContacts},
			Fields: []*Field{
				Char("name", "Name"), Char("email", "Email"), Boolean("active", "Active").StartsAs(true),
			},
		},
		{
			Name: "res.users", Label: "User", Writers: []string{groupRights},
			Fields: []*Field{
				Char("name", "Name").Must(), Char("login", "Login").Must(), Char("email", "Email"), Char("lang", "Language").StartsAs("en_US"),
				Char("tz", "Timezone"), Many2One("company_id", "Company", "res.company"),
				Many2One("partner_id", "Related Partner", "res.partner"),
				Many2Many("company_ids", "Companies", "res.company"), Boolean("active", "Active").StartsAs(true),
				Boolean("share", "Share User").StartsAs(false),
			},
			Methods: map[string]*Method{"context_get": {OnModel: true, Run: func(c *Call) (any, error) {
				return map[string]any{"lang": "en_US", "tz": false, "uid": c.user.id}, nil
			}}},
		},
	}
}

// companyRule shows a user the companies that it is allowed; who manages access rights sees all.
func companyRule(tx *Tx, r Row, _ string) bool {
	allowed, _ := tx.db.tables["res.users"].rows[tx.user.id]["company_ids"].([]int64)
	return slices.Contains(allowed, r.ID()) || tx.user.in([]string{groupRights})
}

// companyStored gives a new company a partner of its own, which it is to others.
func companyStored(tx *Tx, r Row, _ map[string]bool, created bool) error {
	if !created || r["partner_id"] != nil {
		return nil
	}
	return tx.sudo(func() error {
		partner, err := tx.create(tx.db.tables["res.partner"], map[string]any{"name": r["name"]})
		if err == nil {
			tx.set(r, "partner_id", partner.ID())
		}
		return err
	})
}

func runGetParam(c *Call) (any, error) {
	for _, r := range c.table.rows {
		if r.Text("key") == c.text("key") {
			return r["value"], nil
		}
	}
	if fallback, given := c.args["default"]; given && fallback != nil {
		return fallback, nil
	}
	return false, nil
}

// runSetParam answers the value before; false or an empty text removes the parameter.
func runSetParam(c *Call) (any, error) {
	key, value := c.text("key"), cellText(c.args["value"])
	for _, r := range c.table.rows {
		if r.Text("key") != key {
			continue
		}
		old := r["value"]
		if value == "" {
			return old, c.unlink(c.table, []int64{r.ID()})
		}
		c.log(r.ID(), map[string]any{"value": value})
		return old, c.write(c.table, []int64{r.ID()}, map[string]any{"value": value})
	}
	if value == "" {
		return false, nil
	}
	r, err := c.create(c.table, map[string]any{"key": key, "value": value})
	if err != nil {
		return nil, err
	}
	c.log(r.ID(), map[string]any{"key": key, "value": value})
	return false, nil
}

func uniqueExternalID(tx *Tx, r Row) error {
	if id, taken := tx.db.externalIDs[externalID(r)]; taken && id != r.ID() {
		return validationError("External ID must be unique per module.")
	}
	return nil
}

func checkManualField(tx *Tx, r Row) error {
	name := r.Text("name")
	if r.Text("state") == "manual" && !strings.HasPrefix(name, "x_") {
		return validationError("Custom fields must have a name that starts with 'x_'!")
	}
	owner := tx.db.tables["ir.model"].rows[r.Number("model_id")]
	for _, other := range tx.db.tables["ir.model.fields"].rows {
		if other.ID() != r.ID() && other.Number("model_id") == owner.ID() && other.Text("name") == name {
			return validationError("Field names must be unique per model.")
		}
	}
	return nil
}

// addManualField makes the field usable at once, as the real server does.
func addManualField(tx *Tx, r Row, _ map[string]bool, created bool) error {
	owner := tx.db.tables["ir.model"].rows[r.Number("model_id")]
	tx.set(r, "model", owner.Text("model"))
	t := tx.db.tables[owner.Text("model")]
	if !created || t == nil || t.byName[r.Text("name")] != nil {
		return nil
	}
	if _, known := tx.db.tables[r.Text("relation")]; relational(r.Text("ttype")) && !known {
		return validationError("Model %s does not exist!", r.Text("relation"))
	}
	options, err := selectionOptions(r.Text("selection"))
	if err != nil {
		return err
	}
	name := r.Text("name")
	t.addField(&Field{
		name: name, kind: r.Text("ttype"), label: r.Text("field_description"),
		relation: r.Text("relation"), readonly: r["readonly"] == true, selection: options,
	})
	tx.undo = append(tx.undo, func() { t.removeField(name) })
	return nil
}

func fieldKinds() [][2]string {
	kinds := [][2]string{}
	for _, kind := range []string{
		typeChar, typeText, typeHTML, typeInteger, typeFloat, typeBoolean, typeDate, typeDatetime, typeSelection,
		typeMany2one, typeOne2many, typeMany2many,
	} {
		kinds = append(kinds, [2]string{kind, kind})
	}
	return kinds
}

func relational(kind string) bool {
	return kind == typeMany2one || kind == typeOne2many || kind == typeMany2many
}

// selectionOptions reads Odoo's text form: [('a', 'A'), ('b', 'B')].
func selectionOptions(text string) ([][2]string, error) {
	if text == "" {
		return nil, nil
	}
	parsed, err := parseLiteral(text)
	if err != nil {
		return nil, err
	}
	options := [][2]string{}
	for _, item := range parsed {
		pair, ok := item.([]any)
		if !ok || len(pair) != 2 {
			return nil, validationError("The Selection Options expression is not a valid Pythonic expression.")
		}
		options = append(options, [2]string{cellText(pair[0]), cellText(pair[1])})
	}
	return options, nil
}

func dropManualField(tx *Tx, r Row) {
	t := tx.db.tables[r.Text("model")]
	if t == nil || r.Text("state") != "manual" {
		return
	}
	f := t.byName[r.Text("name")]
	t.removeField(r.Text("name"))
	tx.undo = append(tx.undo, func() { t.addField(f) })
}

func runInstall(c *Call) (any, error) {
	for _, r := range c.table.find(c.ids) {
		c.set(r, "state", "installed")
		if r.Text("name") == "base_automation" {
			for _, m := range automationModels() {
				c.server.addTable(c.db, m)
				c.undo = append(c.undo, func() { delete(c.db.tables, m.Name) })
				c.describeModel(c.db.tables[m.Name], 0)
			}
		}
	}
	return map[string]any{"type": "ir.actions.act_url", "target": "self", "url": "/odoo"}, nil
}

// runCron fires scheduled actions by their ids.
func runCron(c *Call) (any, error) {
	for _, r := range c.Records() {
		if run := c.db.crons[r.ID()]; run != nil {
			if err := run(c.Tx); err != nil {
				return nil, err
			}
		}
	}
	return true, nil
}

// Today is the server's UTC day.
func (tx *Tx) Today() time.Time { return tx.now.UTC().Truncate(24 * time.Hour) }
