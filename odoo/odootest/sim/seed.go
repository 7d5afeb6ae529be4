package sim

import (
	"strings"
	"time"
)

var allGroups = []string{groupSystem, groupRights, groupUser, GroupAccounting, GroupContacts}

func (s *Server) addAccounts() {
	for _, a := range []*account{
		newAccount(2, "admin", allGroups...),
		newAccount(5, "reader", groupUser),
		newAccount(6, "bridge", groupUser, GroupAccounting, GroupContacts),
	} {
		s.accounts[a.Login] = a
		s.keys[a.APIKey] = a
	}
}

func (s *Server) newDatabase(name string) *database {
	db := &database{name: name, tables: map[string]*table{}, externalIDs: map[string]int64{}, crons: map[int64]func(*Tx) error{}}
	models := settingsModels()
	models = append(models, peopleModels()...)
	models = append(models, keyModels()...)
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

func (s *Server) addTable(db *database, m *Model) {
	if m.byName == nil {
		m.prepare()
	}
	db.tables[m.Name] = &table{Model: m, rows: map[int64]Row{}, next: 1}
}

// system is a transaction of the server itself (OdooBot, uid 1).
func (s *Server) system(db *database) *Tx {
	return &Tx{
		db: db, server: s, now: s.options.Now().UTC(), context: map[string]any{},
		user: &account{id: superuser, groups: allGroups},
	}
}

// Put stores a record that is there from the start and gives it an external id, if key is not empty.
func (tx *Tx) Put(modelName, key string, values Row) Row {
	r := Row{"create_date": tx.now, "create_uid": tx.user.id, "write_date": tx.now, "write_uid": tx.user.id}
	t := tx.db.tables[modelName]
	for _, f := range t.Fields {
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
		tx.insert(tx.db.tables["ir.model.data"], Row{
			"module": module, "name": name, "model": modelName, "res_id": r.ID(), "noupdate": false,
			"create_date": tx.now, "create_uid": tx.user.id, "write_date": tx.now, "write_uid": tx.user.id,
		})
	}
	return r
}

// describeModels fills ir.model and ir.model.fields, which push rules and manual fields refer to.
func (tx *Tx) describeModels(models []*Model) {
	for _, m := range models {
		tx.describeModel(tx.db.tables[m.Name], 0)
	}
}

func (tx *Tx) describeModel(t *table, id int64) {
	values := Row{"name": t.Label, "model": t.Name}
	if id != 0 {
		values["id"] = id
	}
	owner := tx.Put("ir.model", t.addon()+".model_"+underscored(t.Name), values)
	for _, f := range t.Fields {
		tx.describeField(t, f, t.addon(), owner.ID())
	}
}

func (tx *Tx) describeField(t *table, f *Field, module string, owner int64) {
	tx.Put("ir.model.fields", module+".field_"+underscored(t.Name)+"__"+f.name, Row{
		"name": f.name, "field_description": f.label, "model_id": owner, "model": t.Name,
		"ttype": f.kind, "relation": f.relation, "state": "base", "readonly": f.readonly, "required": f.required,
	})
}

// modelID is a model's id in ir.model.
func (tx *Tx) modelID(name string) int64 {
	for _, r := range tx.Rows("ir.model") {
		if r.Text("model") == name {
			return r.ID()
		}
	}
	return 0
}

// underscored is a model's name as it stands in external ids.
func underscored(modelName string) string { return strings.ReplaceAll(modelName, ".", "_") }

func (tx *Tx) seedSettings(withAutomation bool) {
	tx.Put("ir.config_parameter", "", Row{"key": "database.uuid", "value": "a61c67f8-e5ea-11f1-93f1-" + tx.db.name})
	tx.Put("ir.config_parameter", "", Row{"key": "web.base.url", "value": "http://localhost:8069"})
	automation := "uninstalled"
	if withAutomation {
		automation = "installed"
	}
	for _, name := range []string{"base", "rpc", "mail", "project"} {
		tx.module(name, "installed")
	}
	tx.module("base_automation", automation)
}

func (tx *Tx) seedPeople(s *Server) {
	tx.Put("res.partner", "base.main_partner", Row{"name": "My Company"})
	tx.Put("res.company", "base.main_company", Row{"name": "My Company", "partner_id": int64(1)})
	tx.Put("res.users", "base.user_root", Row{
		"id": int64(1), "name": "OdooBot", "login": "__system__", "active": false, "company_id": int64(1),
	})
	names := map[string]string{"admin": "Administrator", "reader": "Reader", "bridge": "Bridge"}
	for _, login := range []string{"admin", "reader", "bridge"} {
		tx.putUser(s.accounts[login], names[login])
	}
}

func (tx *Tx) putUser(a *account, name string) {
	partner := tx.Put("res.partner", "", Row{"name": name, "email": a.Login + "@example.com"})
	key := ""
	if a.Login == "admin" {
		key = "base.user_admin"
	}
	tx.Put("res.users", key, Row{
		"id": a.id, "name": name, "login": a.Login, "email": a.Login + "@example.com", "company_id": int64(1), "company_ids": []int64{1}, "partner_id": partner.ID(),
	})
	tx.Put("res.users.apikeys", "", Row{
		"name": "bridge", "user_id": a.id, "expiration_date": tx.now.Add(90 * 24 * time.Hour).Truncate(time.Second),
	})
}

func (tx *Tx) seedMail() {
	tx.Put("mail.message.subtype", "mail.mt_comment", Row{"name": "Discussions"})
	tx.Put("mail.message.subtype", "mail.mt_note", Row{"name": "Note"})
	tx.Put("mail.activity.type", "mail.mail_activity_data_email", Row{"name": "Email"})
	tx.Put("mail.activity.type", "mail.mail_activity_data_call", Row{"name": "Call"})
	tx.Put("mail.activity.type", "mail.mail_activity_data_meeting", Row{"name": "Meeting"})
	tx.Put("mail.activity.type", "mail.mail_activity_data_todo", Row{"name": "To-Do"})
}

func (tx *Tx) seedProject() {
	stages := []int64{}
	for i, name := range []string{"New", "In Progress", "Done", "Cancelled"} {
		r := tx.Put("project.task.type", "", Row{
			"name": name, "sequence": int64(i + 1), "fold": i >= 2, "project_ids": []int64{1},
		})
		stages = append(stages, r.ID())
	}
	tx.Put("project.project", "", Row{"name": "Operations", "company_id": int64(1), "type_ids": stages})
}
