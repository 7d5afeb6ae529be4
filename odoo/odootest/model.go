package odootest

// Field types, by Odoo's own names.
const (
	typeChar      = "char"
	typeText      = "text"
	typeHTML      = "html"
	typeInteger   = "integer"
	typeFloat     = "float"
	typeBoolean   = "boolean"
	typeDate      = "date"
	typeDatetime  = "datetime"
	typeSelection = "selection"
	typeMany2one  = "many2one"
	typeOne2many  = "one2many"
	typeMany2many = "many2many"
)

// field describes one column of a model.
type field struct {
	name, kind, label string
	// relation is the other model of a relational field, inverse its many2one back (one2many only).
	relation, inverse string
	required          bool
	// readonly marks a field as screens see it; the server still takes writes to it.
	readonly  bool
	selection [][2]string
	// initial gives the value of a new record that brings none.
	initial func(*transaction) any
	// compute makes a field that is not stored.
	compute func(*transaction, row) any
}

func (f *field) stored() bool { return f.compute == nil && f.kind != typeOne2many }

// row is one stored record. Values are nil, string, int64, float64, bool, []int64 or time.Time
// (datetimes only; a date is a string, as it has no zone).
type row map[string]any

func (r row) id() int64 {
	id, ok := r["id"].(int64)
	if !ok {
		return 0
	}
	return id
}

func (r row) text(name string) string {
	text, ok := r[name].(string)
	if !ok {
		return ""
	}
	return text
}

func (r row) number(name string) int64 {
	n, ok := r[name].(int64)
	if !ok {
		return 0
	}
	return n
}

// model is a kind of record: its fields, who may touch it, and what happens around its writes.
type model struct {
	name, label string
	fields      []*field
	byName      map[string]*field
	nameField   string
	order       string
	// thread says that the model has a chatter (mail.thread).
	thread bool
	// readers and writers are the groups that may; nil lets every internal user.
	readers, writers []string
	methods          map[string]*method
	// unique lists fields that must differ between records, with the text of the refusal.
	unique map[string]string
	// rule tells whether the user may do something (read, write, create, unlink) with one record.
	rule func(tx *transaction, r row, operation string) bool
	// check refuses a record that is about to be stored, when it is created or changed.
	check func(*transaction, row) error
	// stored runs after a create (created) or a write of the named fields.
	stored func(tx *transaction, r row, names map[string]bool, created bool) error
	// removed runs after an unlink.
	removed func(*transaction, row)
}

// table is a model with its records.
type table struct {
	*model
	rows map[int64]row
	next int64
}

// logFields are the fields that the server keeps on every model.
func logFields() []*field {
	return []*field{
		{name: "create_uid", kind: typeMany2one, relation: "res.users", label: "Created by", readonly: true},
		{name: "create_date", kind: typeDatetime, label: "Created on", readonly: true},
		{name: "write_uid", kind: typeMany2one, relation: "res.users", label: "Last Updated by", readonly: true},
		{name: "write_date", kind: typeDatetime, label: "Last Updated on", readonly: true},
	}
}

func (m *model) prepare() {
	if m.nameField == "" {
		m.nameField = "name"
	}
	if m.order == "" {
		m.order = "id"
	}
	all := []*field{
		{name: "id", kind: typeInteger, label: "ID", readonly: true},
		{
			name: "display_name", kind: typeChar, label: "Display Name", readonly: true,
			compute: func(_ *transaction, r row) any { return r[m.nameField] },
		},
	}
	all = append(all, m.fields...)
	m.fields, m.byName = nil, map[string]*field{}
	for _, f := range append(all, logFields()...) {
		m.addField(f)
	}
}

func (m *model) addField(f *field) {
	m.fields = append(m.fields, f)
	m.byName[f.name] = f
}

func (m *model) removeField(name string) {
	delete(m.byName, name)
	for i, f := range m.fields {
		if f.name == name {
			m.fields = append(m.fields[:i:i], m.fields[i+1:]...)
			return
		}
	}
}

// The constructors below keep the field tables readable.

func char(name, label string) *field { return &field{name: name, kind: typeChar, label: label} }

func text(name, label string) *field { return &field{name: name, kind: typeText, label: label} }

func richText(name, label string) *field { return &field{name: name, kind: typeHTML, label: label} }

func integer(name, label string) *field { return &field{name: name, kind: typeInteger, label: label} }

func boolean(name, label string) *field { return &field{name: name, kind: typeBoolean, label: label} }

func date(name, label string) *field { return &field{name: name, kind: typeDate, label: label} }

func datetime(name, label string) *field { return &field{name: name, kind: typeDatetime, label: label} }

func selection(name, label string, options ...[2]string) *field {
	return &field{name: name, kind: typeSelection, label: label, selection: options}
}

func many2one(name, label, relation string) *field {
	return &field{name: name, kind: typeMany2one, label: label, relation: relation}
}

func one2many(name, label, relation, inverse string) *field {
	return &field{name: name, kind: typeOne2many, label: label, relation: relation, inverse: inverse}
}

func many2many(name, label, relation string) *field {
	return &field{name: name, kind: typeMany2many, label: label, relation: relation}
}

func (f *field) must() *field {
	f.required = true
	return f
}

func (f *field) shown() *field {
	f.readonly = true
	return f
}

func (f *field) startsAs(value any) *field {
	f.initial = func(*transaction) any { return value }
	return f
}

func (f *field) startsFrom(initial func(*transaction) any) *field {
	f.initial = initial
	return f
}
