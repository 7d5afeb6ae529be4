package sim

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// database is one Odoo database. The server's lock guards it.
type database struct {
	name   string
	tables map[string]*table
	// externalIDs finds the ir.model.data row of "module.name".
	externalIDs map[string]int64
	// crons are what the scheduled actions do, by their ids.
	crons map[int64]func(*Tx) error
}

// Tx is one RPC call's view of a database. All changes go through it, so that a call that
// fails half way leaves nothing behind.
type Tx struct {
	db      *database
	server  *Server
	user    *account
	now     time.Time
	context map[string]any
	undo    []func()
	events  []event
	writes  []Write
}

// rollback undoes every change, newest first.
func (tx *Tx) rollback() {
	for _, undo := range slices.Backward(tx.undo) {
		undo()
	}
	tx.undo, tx.events, tx.writes = nil, nil, nil
}

// savepoint runs work and undoes only what it did when it fails, as load() does.
func (tx *Tx) savepoint(work func() error) error {
	undo, events, writes := len(tx.undo), len(tx.events), len(tx.writes)
	err := work()
	if err == nil {
		return nil
	}
	for _, step := range slices.Backward(tx.undo[undo:]) {
		step()
	}
	tx.undo, tx.events, tx.writes = tx.undo[:undo], tx.events[:events], tx.writes[:writes]
	return err
}

// set changes one stored value.
func (tx *Tx) set(r Row, name string, value any) {
	old, had := r[name]
	tx.undo = append(tx.undo, func() {
		if had {
			r[name] = old
		} else {
			delete(r, name)
		}
	})
	r[name] = value
}

func (tx *Tx) insert(t *table, r Row) {
	id := t.next
	t.next++ // A sequence is not rolled back: ids have gaps, as in PostgreSQL.
	r["id"] = id
	t.rows[id] = r
	tx.undo = append(tx.undo, func() { delete(t.rows, id) })
	if t.Name == "ir.model.data" {
		tx.index(externalID(r), id)
	}
}

func (tx *Tx) remove(t *table, r Row) {
	id := r.ID()
	delete(t.rows, id)
	tx.undo = append(tx.undo, func() { t.rows[id] = r })
	if t.Name == "ir.model.data" {
		tx.unindex(externalID(r))
	}
}

func externalID(r Row) string { return r.Text("module") + "." + r.Text("name") }

func (tx *Tx) index(key string, id int64) {
	old, had := tx.db.externalIDs[key]
	tx.undo = append(tx.undo, func() {
		if had {
			tx.db.externalIDs[key] = old
		} else {
			delete(tx.db.externalIDs, key)
		}
	})
	tx.db.externalIDs[key] = id
}

func (tx *Tx) unindex(key string) {
	old, had := tx.db.externalIDs[key]
	if !had {
		return
	}
	tx.undo = append(tx.undo, func() { tx.db.externalIDs[key] = old })
	delete(tx.db.externalIDs, key)
}

// resolve finds the record that "module.name" names.
func (tx *Tx) resolve(key string) (modelName string, id int64, found bool) {
	data, ok := tx.db.externalIDs[key]
	if !ok {
		return "", 0, false
	}
	r := tx.db.tables["ir.model.data"].rows[data]
	return r.Text("model"), r.Number("res_id"), true
}

func (tx *Tx) touch(r Row) {
	tx.set(r, "write_date", tx.now)
	tx.set(r, "write_uid", tx.user.id)
}

// table finds a model; the error is JSON-RPC's, JSON-2 says it in its own words before.
func (tx *Tx) table(name string) (*table, error) {
	t, ok := tx.db.tables[name]
	if !ok {
		return nil, UserError("Object %s doesn't exist", name)
	}
	return t, nil
}

// sorted gives a table's records in the order of their ids.
func (t *table) sorted() []Row {
	rows := make([]Row, 0, len(t.rows))
	for _, r := range t.rows {
		rows = append(rows, r)
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].ID() < rows[j].ID() })
	return rows
}

// find gives the records with these ids that exist, in the order asked for.
func (t *table) find(ids []int64) []Row {
	rows := make([]Row, 0, len(ids))
	for _, id := range ids {
		if r, ok := t.rows[id]; ok {
			rows = append(rows, r)
		}
	}
	return rows
}

// displayName is the second half of a many2one pair.
func (tx *Tx) displayName(modelName string, id int64) any {
	t, ok := tx.db.tables[modelName]
	if !ok {
		return ""
	}
	r, ok := t.rows[id]
	if !ok {
		return ""
	}
	name := r.Text(t.NameField)
	if name == "" {
		return strings.TrimSpace(modelName)
	}
	return name
}
