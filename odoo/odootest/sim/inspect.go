package sim

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
func (c *Call) log(id int64, values map[string]any) { c.logOn(c.table, c.name, id, values) }

func (c *Call) logOn(t *table, methodName string, id int64, values map[string]any) {
	if _, exists := t.rows[id]; !exists {
		return
	}
	c.writes = append(c.writes, Write{
		At: c.now, Login: c.user.Login, Model: t.Name, Method: methodName, ID: id, Values: maps.Clone(values),
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
		for _, f := range t.Fields {
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
		if r.Text("model") == modelName {
			ids[externalID(r)] = r.Number("res_id")
		}
	}
	return ids
}

func (s *Server) first() *database { return s.databases[s.options.Databases[0]] }

// Act changes records as somebody at Odoo's own screens would, automation rules included. It panics
// on a refusal, because only a wrong test can cause one.
func (s *Server) Act(what string, work func(*Tx) error) {
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

// Change writes values to one record as somebody in Odoo would.
func (s *Server) Change(modelName string, id int64, values map[string]any) {
	s.Act("changing "+modelName, func(tx *Tx) error {
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
	s.Act("adding "+modelName, func(tx *Tx) error {
		t, err := tx.table(modelName)
		if err != nil {
			return err
		}
		r, err := tx.create(t, values)
		if err == nil {
			id = r.ID()
		}
		return err
	})
	return id
}

// MadeBy makes a user the one who created a record.
func (s *Server) MadeBy(login, modelName string, id int64) {
	s.Act("changing who made a "+modelName, func(tx *Tx) error {
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
	s.Act("removing "+modelName, func(tx *Tx) error {
		t, err := tx.table(modelName)
		if err != nil {
			return err
		}
		return tx.unlink(t, []int64{id})
	})
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
