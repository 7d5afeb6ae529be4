package sim

import (
	"fmt"
	"strings"
)

// Declare gives every database more models, as installing the addon that brings them does. A model
// that is there already gains the declared fields, methods and checks, as _inherit does.
//
// What is odd about the real server holds for declared models as for the stock ones: a write that
// changes nothing moves write_date, an unknown id is passed over, load() never raises.
func (s *Server) Declare(models ...Model) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range s.options.Databases {
		tx := s.system(s.databases[name])
		for _, m := range models {
			tx.declare(m)
		}
	}
}

// declare keeps what one addon brings. The model is this database's own from here on, because manual
// fields are added to one database's model and not to another's.
func (tx *Tx) declare(m Model) {
	if t, known := tx.db.tables[m.Name]; known {
		tx.inherit(t, &m)
	} else {
		m.declared = true
		tx.server.addTable(tx.db, &m)
		tx.describeModel(tx.db.tables[m.Name], m.ModelID)
	}
	tx.module(m.addon(), "installed")
	for _, cron := range m.Crons {
		tx.cron(m.addon(), cron)
	}
}

func (tx *Tx) inherit(t *table, m *Model) {
	for _, f := range m.Fields {
		t.addField(f)
		tx.describeField(t, f, m.addon(), tx.modelID(m.Name))
	}
	for name, added := range m.Methods {
		if t.Methods == nil {
			t.Methods = map[string]*Method{}
		}
		t.Methods[name] = added
	}
	if before := t.Check; m.Check != nil {
		t.Check = func(tx *Tx, r Row) error {
			if before != nil {
				if err := before(tx, r); err != nil {
					return err
				}
			}
			return m.Check(tx, r)
		}
	}
}

// Cron is a scheduled action, which runs when somebody triggers it.
type Cron struct {
	// ID is its id in ir.cron; 0 is the next that is free.
	ID int64
	// Name is what it is called, XMLName its external id without the module, Code what its record shows.
	Name, XMLName, Code string
	Run                 func(*Tx) error
}

func (tx *Tx) cron(module string, c Cron) {
	values := Row{"name": c.Name, "code": c.Code}
	if c.ID != 0 {
		values["id"] = c.ID
	}
	r := tx.Put("ir.cron", module+"."+c.XMLName, values)
	tx.db.crons[r.ID()] = c.Run
}

// module notes the state of an addon once.
func (tx *Tx) module(name, state string) {
	if _, known := tx.db.externalIDs["base.module_"+name]; !known {
		tx.Put("ir.module.module", "base.module_"+name, Row{"name": name, "state": state})
	}
}

// addon is what brings a model: what its declaration says, or else a stock one.
func (m *Model) addon() string {
	prefix, _, _ := strings.Cut(m.Name, ".")
	switch {
	case m.Module != "":
		return m.Module
	case prefix == "mail" || prefix == "project":
		return prefix
	}
	return "base"
}

// Rows lists the records of a model by their ids.
func (tx *Tx) Rows(modelName string) []Row { return tx.known(modelName).sorted() }

// Row is one record of a model; nil when it does not exist.
func (tx *Tx) Row(modelName string, id int64) Row { return tx.known(modelName).rows[id] }

// Create makes a record with all that happens around it.
func (tx *Tx) Create(modelName string, values map[string]any) (Row, error) {
	return tx.create(tx.known(modelName), values)
}

// known finds a model that a declaration names; only a wrong declaration names none.
func (tx *Tx) known(modelName string) *table {
	t, ok := tx.db.tables[modelName]
	if !ok {
		panic(fmt.Sprintf("sim: no model %s is declared", modelName))
	}
	return t
}

// Recompute stores computed values; when one differs the record counts as written once more.
func (tx *Tx) Recompute(modelName string, r Row, computed map[string]any) {
	changed := map[string]bool{}
	for name, value := range computed {
		if !sameValue(r[name], value) {
			tx.set(r, name, value)
			changed[name] = true
		}
	}
	if len(changed) == 0 {
		return
	}
	tx.touch(r)
	tx.note(event{table: tx.known(modelName), id: r.ID(), changed: changed, computed: true})
}

// OwnCompany is the company that a new record gets: the caller's.
func OwnCompany(tx *Tx) any {
	if user, ok := tx.db.tables["res.users"].rows[tx.user.id]; ok && user["company_id"] != nil {
		return user["company_id"]
	}
	return int64(1)
}

// Records are those that a method was called on, in the order asked for.
func (c *Call) Records() []Row { return c.table.find(c.ids) }

// Change writes values to one of the records, and notes it as the caller's write.
func (c *Call) Change(r Row, values map[string]any) error {
	c.log(r.ID(), values)
	return c.write(c.table, []int64{r.ID()}, values)
}
