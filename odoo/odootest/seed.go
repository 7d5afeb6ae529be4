package odootest

import (
	"strings"
	"time"
)

// The ids of the two BIR models in ir.model are those of the recorded server.
const (
	deadlineModelID  = 555
	taxReturnModelID = 556
)

var allGroups = []string{groupSystem, groupRights, groupUser, groupAccounting, groupContacts}

func (s *Server) addAccounts() {
	for _, a := range []*account{
		newAccount(2, "admin", allGroups...),
		newAccount(5, "reader", groupUser),
		newAccount(6, "bridge", groupUser, groupAccounting, groupContacts),
	} {
		s.accounts[a.Login] = a
		s.keys[a.APIKey] = a
	}
}

func (s *Server) newDatabase(name string) *database {
	db := &database{name: name, tables: map[string]*table{}, externalIDs: map[string]int64{}}
	models := settingsModels()
	models = append(models, peopleModels()...)
	models = append(models, keyModels()...)
	models = append(models, birModels(s.options.WithPlaneFields)...)
	models = append(models, mailModels()...)
	models = append(models, projectModels(s.options.Version)...)
	if !s.options.WithoutBaseAutomation {
		models = append(models, automationModels()...)
	}
	for _, m := range models {
		s.addTable(db, m)
	}
	tx := s.system(db)
	tx.describeModels(models)
	tx.seedSettings(!s.options.WithoutBaseAutomation)
	tx.seedPeople(s)
	tx.seedMail()
	tx.seedProject()
	return db
}

func (s *Server) addTable(db *database, m *model) {
	if m.byName == nil {
		m.prepare()
	}
	db.tables[m.name] = &table{model: m, rows: map[int64]row{}, next: 1}
}

// system is a transaction of the server itself (OdooBot, uid 1).
func (s *Server) system(db *database) *transaction {
	return &transaction{
		db: db, server: s, now: s.options.Now().UTC(), context: map[string]any{},
		user: &account{id: superuser, groups: allGroups},
	}
}

// put stores a seed record and gives it an external id.
func (tx *transaction) put(modelName, key string, values row) row {
	r := row{"create_date": tx.now, "create_uid": tx.user.id, "write_date": tx.now, "write_uid": tx.user.id}
	t := tx.db.tables[modelName]
	for _, f := range t.fields {
		if f.initial != nil {
			r[f.name] = f.initial(tx)
		}
	}
	for name, value := range values {
		r[name] = value
	}
	if id, ok := values["id"].(int64); ok {
		t.next = id
	}
	tx.insert(t, r)
	if key != "" {
		module, name := splitExternalID(key)
		tx.insert(tx.db.tables["ir.model.data"], row{
			"module": module, "name": name, "model": modelName, "res_id": r.id(), "noupdate": false,
			"create_date": tx.now, "create_uid": tx.user.id, "write_date": tx.now, "write_uid": tx.user.id,
		})
	}
	return r
}

// describeModels fills ir.model and ir.model.fields, which push rules and manual fields refer to.
func (tx *transaction) describeModels(models []*model) {
	for _, m := range models {
		if m.name != deadlineModel && m.name != taxReturnModel {
			tx.describeModel(tx.db.tables[m.name], 0)
		}
	}
	tx.describeModel(tx.db.tables[deadlineModel], deadlineModelID)
	tx.describeModel(tx.db.tables[taxReturnModel], taxReturnModelID)
}

func (tx *transaction) describeModel(t *table, id int64) {
	module, under := moduleOf(t.name), strings.ReplaceAll(t.name, ".", "_")
	values := row{"name": t.label, "model": t.name}
	if id != 0 {
		values["id"] = id
	}
	owner := tx.put("ir.model", module+".model_"+under, values)
	for _, f := range t.fields {
		tx.put("ir.model.fields", module+".field_"+under+"__"+f.name, row{
			"name": f.name, "field_description": f.label, "model_id": owner.id(), "model": t.name,
			"ttype": f.kind, "relation": f.relation, "state": "base", "readonly": f.readonly, "required": f.required,
		})
	}
}

func moduleOf(modelName string) string {
	switch prefix, _, _ := strings.Cut(modelName, "."); prefix {
	case "bir":
		return "ipai_bir_tax_compliance"
	case "mail", "project":
		return prefix
	}
	return "base"
}

func (tx *transaction) seedSettings(withAutomation bool) {
	tx.put("ir.config_parameter", "", row{"key": "database.uuid", "value": "a61c67f8-e5ea-11f1-93f1-" + tx.db.name})
	tx.put("ir.config_parameter", "", row{"key": "web.base.url", "value": "http://localhost:8069"})
	automation := "uninstalled"
	if withAutomation {
		automation = "installed"
	}
	for name, state := range map[string]string{
		"base": "installed", "rpc": "installed", "mail": "installed", "project": "installed",
		"ipai_bir_tax_compliance": "installed", "base_automation": automation,
	} {
		tx.put("ir.module.module", "base.module_"+name, row{"name": name, "state": state})
	}
	tx.put("ir.cron", "ipai_bir_tax_compliance.cron_generate_deadlines",
		row{"id": int64(23), "name": "BIR: Generate Filing Deadlines", "code": generatorCode})
}

func (tx *transaction) seedPeople(s *Server) {
	tx.put("res.partner", "base.main_partner", row{"name": "My Company"})
	tx.put("res.company", "base.main_company", row{"name": "My Company", "partner_id": int64(1)})
	tx.put("res.users", "base.user_root", row{
		"id": int64(1), "name": "OdooBot", "login": "__system__", "active": false, "company_id": int64(1),
	})
	names := map[string]string{"admin": "Administrator", "reader": "Reader", "bridge": "Bridge"}
	for _, login := range []string{"admin", "reader", "bridge"} {
		tx.putUser(s.accounts[login], names[login])
	}
}

func (tx *transaction) putUser(a *account, name string) {
	partner := tx.put("res.partner", "", row{"name": name, "email": a.Login + "@example.com"})
	key := ""
	if a.Login == "admin" {
		key = "base.user_admin"
	}
	tx.put("res.users", key, row{
		"id": a.id, "name": name, "login": a.Login, "email": a.Login + "@example.com", "company_id": int64(1), "company_ids": []int64{1}, "partner_id": partner.id(),
	})
	tx.put("res.users.apikeys", "", row{
		"name": "bridge", "user_id": a.id, "expiration_date": tx.now.Add(90 * 24 * time.Hour).Truncate(time.Second),
	})
}

func (tx *transaction) seedMail() {
	tx.put("mail.message.subtype", "mail.mt_comment", row{"name": "Discussions"})
	tx.put("mail.message.subtype", "mail.mt_note", row{"name": "Note"})
	tx.put("mail.activity.type", "mail.mail_activity_data_email", row{"name": "Email"})
	tx.put("mail.activity.type", "mail.mail_activity_data_call", row{"name": "Call"})
	tx.put("mail.activity.type", "mail.mail_activity_data_meeting", row{"name": "Meeting"})
	tx.put("mail.activity.type", "mail.mail_activity_data_todo", row{"name": "To-Do"})
}

func (tx *transaction) seedProject() {
	stages := []int64{}
	for i, name := range []string{"New", "In Progress", "Done", "Cancelled"} {
		r := tx.put("project.task.type", "", row{
			"name": name, "sequence": int64(i + 1), "fold": i >= 2, "project_ids": []int64{1},
		})
		stages = append(stages, r.id())
	}
	tx.put("project.project", "", row{"name": "Operations", "company_id": int64(1), "type_ids": stages})
}
