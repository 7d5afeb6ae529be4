package odootest

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Record is one record in RPC form, many2one values as bare ids.
type Record map[string]any

// Write is one change of one record that a caller made over RPC and that took effect.
type Write struct {
	At     time.Time
	Login  string
	Model  string
	Method string
	ID     int64
	// Values are as the caller sent them; nil for a deletion.
	Values map[string]any
}

// log notes a change on the call's own model.
func (c *call) log(id int64, values map[string]any) { c.logOn(c.table, c.name, id, values) }

func (c *call) logOn(t *table, methodName string, id int64, values map[string]any) {
	if _, exists := t.rows[id]; !exists {
		return
	}
	c.writes = append(c.writes, Write{
		At: c.now, Login: c.user.Login, Model: t.name, Method: methodName, ID: id, Values: maps.Clone(values),
	})
}

func (s *Server) count(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[name]++
}

// Calls counts the RPC calls so far by "model.method" (refused ones included), besides
// "common.authenticate", "push delivered" and "push failed".
func (s *Server) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// Writes lists the changes made over RPC, oldest first.
func (s *Server) Writes() []Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

// ResetCounters forgets Calls and Writes; the records stay.
func (s *Server) ResetCounters() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.writes = map[string]int{}, nil
}

// Records lists a model's records by id, archived ones included.
func (s *Server) Records(modelName string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := s.system(s.first())
	t, ok := tx.db.tables[modelName]
	if !ok {
		return nil
	}
	records := []Record{}
	for _, r := range t.sorted() {
		record := Record{}
		for _, f := range t.fields {
			record[f.name] = tx.wire(f, r, false)
		}
		records = append(records, record)
	}
	return records
}

// ExternalIDs lists the external ids of a model's records as "prefix.name".
func (s *Server) ExternalIDs(modelName string) map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.first()
	ids := map[string]int64{}
	for _, r := range db.tables["ir.model.data"].rows {
		if r.text("model") == modelName {
			ids[externalID(r)] = r.number("res_id")
		}
	}
	return ids
}

func (s *Server) first() *database { return s.databases[s.options.Databases[0]] }

// Deadline is one filing deadline as stored; Key is company/form/year/month.
type Deadline struct {
	ID        int64
	Key       string
	Name      string
	FormType  string
	Month     int
	Year      int
	Due       string
	State     string
	CompanyID int64
	ReturnID  int64
}

// Deadlines lists the deadlines by id.
func (s *Server) Deadlines() []Deadline {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Deadline{}
	for _, r := range s.first().tables[deadlineModel].sorted() {
		all = append(all, Deadline{
			ID: r.id(), Key: deadlineKey(r), Name: r.text("name"), FormType: r.text("form_type"),
			Month: int(r.number("period_month")), Year: int(r.number("period_year")), Due: r.text("deadline_date"),
			State: r.text("state"), CompanyID: r.number("company_id"), ReturnID: r.number("return_id"),
		})
	}
	return all
}

// act changes records as somebody at Odoo's own screens would, automation rules included. It panics
// on a refusal, because only a wrong test can cause one.
func (s *Server) act(what string, work func(*transaction) error) {
	s.mu.Lock()
	tx := s.system(s.first())
	err := work(tx)
	pushes := tx.pushes()
	if err != nil {
		tx.rollback()
	}
	s.mu.Unlock()
	if err != nil {
		panic(fmt.Sprintf("odootest: %s: %v", what, err))
	}
	s.deliver(pushes)
}

// GenerateDeadlines does what the scheduled generator does: it creates what is missing of the 60
// deadlines of a company and year (48 monthly, 8 quarterly, 4 annual). A deleted one comes back
// under a new id.
func (s *Server) GenerateDeadlines(companyID int64, year int) {
	s.act("generating deadlines", func(tx *transaction) error { return tx.generateYear(companyID, year) })
}

// Change writes values to one record as somebody in Odoo would.
func (s *Server) Change(modelName string, id int64, values map[string]any) {
	s.act("changing "+modelName, func(tx *transaction) error {
		t, err := tx.table(modelName)
		if err != nil {
			return err
		}
		return tx.write(t, []int64{id}, values)
	})
}

// Add creates a record as somebody in Odoo would and gives its id.
func (s *Server) Add(modelName string, values map[string]any) int64 {
	var id int64
	s.act("adding "+modelName, func(tx *transaction) error {
		t, err := tx.table(modelName)
		if err != nil {
			return err
		}
		r, err := tx.create(t, values)
		if err == nil {
			id = r.id()
		}
		return err
	})
	return id
}

// MadeBy makes a user the one who created a record.
func (s *Server) MadeBy(login, modelName string, id int64) {
	s.act("changing who made a "+modelName, func(tx *transaction) error {
		t, err := tx.table(modelName)
		if err != nil {
			return err
		}
		for _, r := range t.find([]int64{id}) {
			tx.set(r, "create_uid", s.accounts[login].id)
		}
		return nil
	})
}

// Remove deletes a record as somebody in Odoo would.
func (s *Server) Remove(modelName string, id int64) {
	s.act("removing "+modelName, func(tx *transaction) error {
		t, err := tx.table(modelName)
		if err != nil {
			return err
		}
		return tx.unlink(t, []int64{id})
	})
}

// DeleteDeadline deletes a deadline; GenerateDeadlines brings it back under a new id.
func (s *Server) DeleteDeadline(id int64) { s.Remove(deadlineModel, id) }

// Extend moves a deadline to another day ("YYYY-MM-DD"), which also refreshes its state.
func (s *Server) Extend(id int64, day string) {
	s.Change(deadlineModel, id, map[string]any{"deadline_date": day})
}

// AddReturn creates a draft return of the company for the form and gives its id.
func (s *Server) AddReturn(companyID int64, formType string) int64 {
	return s.Add(taxReturnModel, map[string]any{
		"name": formType + " return", "form_type": formType, "company_id": companyID,
	})
}

// LinkReturn links a return to a deadline.
func (s *Server) LinkReturn(deadlineID, returnID int64) {
	s.Change(deadlineModel, deadlineID, map[string]any{"return_id": returnID})
}

// MarkFiled makes the deadline with this key (company/form/year/month) filed, in the only way that
// lasts: through a return in state filed, created and linked where there is none.
func (s *Server) MarkFiled(key string) {
	for _, deadline := range s.Deadlines() {
		if deadline.Key != key {
			continue
		}
		if deadline.ReturnID == 0 {
			deadline.ReturnID = s.AddReturn(deadline.CompanyID, deadline.FormType)
			s.LinkReturn(deadline.ID, deadline.ReturnID)
		}
		s.Change(taxReturnModel, deadline.ReturnID, map[string]any{"state": "filed"})
		return
	}
	panic("odootest: no deadline " + key)
}

// AddCompany creates a company and gives its id.
func (s *Server) AddCompany(name string) int64 {
	return s.Add("res.company", map[string]any{"name": name})
}

// SetParameter stores an ir.config_parameter.
func (s *Server) SetParameter(key, value string) {
	for _, record := range s.Records("ir.config_parameter") {
		if id, ok := record["id"].(int64); ok && record["key"] == key {
			s.Change("ir.config_parameter", id, map[string]any{"value": value})
			return
		}
	}
	s.Add("ir.config_parameter", map[string]any{"key": key, "value": value})
}
