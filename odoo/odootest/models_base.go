package odootest

import (
	"slices"
	"strings"
	"time"
)

// settingsModels are the technical models that only an administrator may read.
func settingsModels() []*model {
	return []*model{
		{
			name: "ir.config_parameter", label: "System Parameter", nameField: "key",
			readers: []string{groupSystem}, writers: []string{groupSystem},
			fields: []*field{char("key", "Key").must(), text("value", "Value").must()},
			unique: map[string]string{"key": "Key must be unique."},
			methods: map[string]*method{
				"get_param": {onModel: true, needs: "read", params: []string{"key!", "default"}, run: runGetParam},
				"set_param": {onModel: true, needs: "write", params: []string{"key!", "value!"}, run: runSetParam},
			},
		},
		{
			name: "ir.model.data", label: "Model Data",
			readers: []string{groupRights}, writers: []string{groupRights},
			fields: []*field{
				char("module", "Module").startsAs(""), char("name", "External Identifier").must(),
				char("model", "Model Name").must(), integer("res_id", "Record ID"),
				boolean("noupdate", "Non Updatable").startsAs(false),
			},
			check:   uniqueExternalID,
			methods: map[string]*method{"check_object_reference": checkObjectReference},
		},
		{
			name: "ir.model", label: "Models",
			readers: []string{groupRights}, writers: []string{groupSystem},
			fields: []*field{char("name", "Model Description").must(), char("model", "Model").must()},
		},
		{
			name: "ir.model.fields", label: "Fields",
			readers: []string{groupRights}, writers: []string{groupSystem},
			fields: []*field{
				char("name", "Field Name").must(), char("field_description", "Field Label"),
				many2one("model_id", "Model", "ir.model").must(), char("model", "Model Name"),
				selection("ttype", "Field Type", fieldKinds()...).must(), char("relation", "Related Model"),
				char("state", "Type").startsAs("manual"), boolean("index", "Indexed"), boolean("copied", "Copied"),
				boolean("readonly", "Readonly"), boolean("required", "Required"), char("selection", "Selection Options"),
				text("help", "Field Help"),
			},
			check: checkManualField, stored: addManualField, removed: dropManualField,
		},
		{
			name: "ir.module.module", label: "Module", readers: nil, writers: []string{groupSystem},
			fields: []*field{char("name", "Technical Name").must(), char("state", "Status").startsAs("uninstalled")},
			methods: map[string]*method{
				"button_immediate_install": {needs: "write", run: runInstall},
			},
		},
		{
			name: "ir.cron", label: "Scheduled Actions", readers: []string{groupSystem}, writers: []string{groupSystem},
			fields:  []*field{char("name", "Name").must(), char("code", "Python Code"), boolean("active", "Active").startsAs(true)},
			methods: map[string]*method{"method_direct_trigger": {needs: "write", run: runCron}},
		},
	}
}

func peopleModels() []*model {
	return []*model{
		{
			name: "res.company", label: "Companies", writers: []string{groupSystem},
			fields: []*field{char("name", "Company Name").must(), many2one("partner_id", "Partner", "res.partner")},
			rule:   companyRule, stored: companyStored,
		},
		{
			name: "res.partner", label: "Contact", thread: true, writers: []string{groupContacts},
			fields: []*field{
				char("name", "Name"), char("email", "Email"), char("tin", "TIN"), boolean("active", "Active").startsAs(true),
			},
			check: checkTIN,
		},
		{
			name: "res.users", label: "User", writers: []string{groupRights},
			fields: []*field{
				char("name", "Name").must(), char("login", "Login").must(), char("email", "Email"), char("lang", "Language").startsAs("en_US"),
				char("tz", "Timezone"), many2one("company_id", "Company", "res.company"),
				many2one("partner_id", "Related Partner", "res.partner"),
				many2many("company_ids", "Companies", "res.company"), boolean("active", "Active").startsAs(true),
				boolean("share", "Share User").startsAs(false),
			},
			methods: map[string]*method{"context_get": {onModel: true, run: func(c *call) (any, error) {
				return map[string]any{"lang": "en_US", "tz": false, "uid": c.user.id}, nil
			}}},
		},
	}
}

// companyRule shows a user the companies that it is allowed; who manages access rights sees all.
func companyRule(tx *transaction, r row, _ string) bool {
	allowed, _ := tx.db.tables["res.users"].rows[tx.user.id]["company_ids"].([]int64)
	return slices.Contains(allowed, r.id()) || tx.user.in([]string{groupRights})
}

// companyStored gives a new company a partner of its own, which it is to others.
func companyStored(tx *transaction, r row, _ map[string]bool, created bool) error {
	if !created || r["partner_id"] != nil {
		return nil
	}
	return tx.sudo(func() error {
		partner, err := tx.create(tx.db.tables["res.partner"], map[string]any{"name": r["name"]})
		if err == nil {
			tx.set(r, "partner_id", partner.id())
		}
		return err
	})
}

func runGetParam(c *call) (any, error) {
	for _, r := range c.table.rows {
		if r.text("key") == c.text("key") {
			return r["value"], nil
		}
	}
	if fallback, given := c.args["default"]; given && fallback != nil {
		return fallback, nil
	}
	return false, nil
}

// runSetParam answers the value before; false or an empty text removes the parameter.
func runSetParam(c *call) (any, error) {
	key, value := c.text("key"), cellText(c.args["value"])
	for _, r := range c.table.rows {
		if r.text("key") != key {
			continue
		}
		old := r["value"]
		if value == "" {
			return old, c.unlink(c.table, []int64{r.id()})
		}
		c.log(r.id(), map[string]any{"value": value})
		return old, c.write(c.table, []int64{r.id()}, map[string]any{"value": value})
	}
	if value == "" {
		return false, nil
	}
	r, err := c.create(c.table, map[string]any{"key": key, "value": value})
	if err != nil {
		return nil, err
	}
	c.log(r.id(), map[string]any{"key": key, "value": value})
	return false, nil
}

func uniqueExternalID(tx *transaction, r row) error {
	if id, taken := tx.db.externalIDs[externalID(r)]; taken && id != r.id() {
		return validationError("External ID must be unique per module.")
	}
	return nil
}

func checkManualField(tx *transaction, r row) error {
	name := r.text("name")
	if r.text("state") == "manual" && !strings.HasPrefix(name, "x_") {
		return validationError("Custom fields must have a name that starts with 'x_'!")
	}
	owner := tx.db.tables["ir.model"].rows[r.number("model_id")]
	for _, other := range tx.db.tables["ir.model.fields"].rows {
		if other.id() != r.id() && other.number("model_id") == owner.id() && other.text("name") == name {
			return validationError("Field names must be unique per model.")
		}
	}
	return nil
}

// addManualField makes the field usable at once, as the real server does.
func addManualField(tx *transaction, r row, _ map[string]bool, created bool) error {
	owner := tx.db.tables["ir.model"].rows[r.number("model_id")]
	tx.set(r, "model", owner.text("model"))
	t := tx.db.tables[owner.text("model")]
	if !created || t == nil || t.byName[r.text("name")] != nil {
		return nil
	}
	if _, known := tx.db.tables[r.text("relation")]; relational(r.text("ttype")) && !known {
		return validationError("Model %s does not exist!", r.text("relation"))
	}
	options, err := selectionOptions(r.text("selection"))
	if err != nil {
		return err
	}
	name := r.text("name")
	t.addField(&field{
		name: name, kind: r.text("ttype"), label: r.text("field_description"),
		relation: r.text("relation"), readonly: r["readonly"] == true, selection: options,
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

func dropManualField(tx *transaction, r row) {
	t := tx.db.tables[r.text("model")]
	if t == nil || r.text("state") != "manual" {
		return
	}
	f := t.byName[r.text("name")]
	t.removeField(r.text("name"))
	tx.undo = append(tx.undo, func() { t.addField(f) })
}

func checkTIN(_ *transaction, r row) error {
	tin := r.text("tin")
	if tin == "" || tinShape(tin) {
		return nil
	}
	return raise("odoo.exceptions.ValidationError", "Invalid TIN format. Use XXX-XXX-XXX-XXX (e.g., 123-456-789-000)")
}

func tinShape(tin string) bool {
	groups := strings.Split(tin, "-")
	if len(groups) != 4 {
		return false
	}
	for _, group := range groups {
		if len(group) != 3 || strings.Trim(group, "0123456789") != "" {
			return false
		}
	}
	return true
}

func runInstall(c *call) (any, error) {
	for _, r := range c.table.find(c.ids) {
		c.set(r, "state", "installed")
		if r.text("name") == "base_automation" {
			for _, m := range automationModels() {
				c.server.addTable(c.db, m)
				c.undo = append(c.undo, func() { delete(c.db.tables, m.name) })
				c.describeModel(c.db.tables[m.name], 0)
			}
		}
	}
	return map[string]any{"type": "ir.actions.act_url", "target": "self", "url": "/odoo"}, nil
}

// runCron fires a scheduled action by its id; the deadline generator is the only one here.
func runCron(c *call) (any, error) {
	for _, r := range c.table.find(c.ids) {
		if r.text("code") == generatorCode {
			if err := c.generateDeadlines(); err != nil {
				return nil, err
			}
		}
	}
	return true, nil
}

// generateDeadlines runs the generator for every company and the current year.
func (tx *transaction) generateDeadlines() error {
	for _, company := range tx.db.tables["res.company"].sorted() {
		if err := tx.generateYear(company.id(), tx.now.UTC().Year()); err != nil {
			return err
		}
	}
	return nil
}

func (tx *transaction) today() time.Time { return tx.now.UTC().Truncate(24 * time.Hour) }
