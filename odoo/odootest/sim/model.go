package sim

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

// Field describes one column of a model. The functions named for Odoo's kinds of field make one: Char, Date, Selection.
type Field struct {
	name, kind, label string
	// relation is the other model of a relational field, inverse its many2one back (one2many only).
	relation, inverse string
	required          bool
	// readonly marks a field as screens see it; the server still takes writes to it.
	readonly  bool
	selection [][2]string
	// initial gives the value of a new record that brings none.
	initial func(*Tx) any
	// compute makes a field that is not stored.
	compute func(*Tx, Row) any
}

func (f *Field) stored() bool { return f.compute == nil && f.kind != typeOne2many }

// Row is one stored record. Values are nil, string, int64, float64, bool, []int64 or time.Time
// (datetimes only; a date is a string, as it has no zone).
type Row map[string]any

// ID is the record's id.
func (r Row) ID() int64 {
	id, ok := r["id"].(int64)
	if !ok {
		return 0
	}
	return id
}

// Text is a value of the record, empty where it is none or no text.
func (r Row) Text(name string) string {
	text, ok := r[name].(string)
	if !ok {
		return ""
	}
	return text
}

// Number is a whole number or the id of a many2one, 0 where there is none.
func (r Row) Number(name string) int64 {
	n, ok := r[name].(int64)
	if !ok {
		return 0
	}
	return n
}

// Model is a kind of record: its fields, who may touch it, and what happens around its writes. Name,
// Label and Fields are enough for one that is only read and written.
type Model struct {
	Name, Label string
	// Module is the addon that brings the model; the prefix of its external ids. Empty is "base".
	Module string
	// ModelID is the model's id in ir.model; 0 is the next that is free.
	ModelID int64
	Fields  []*Field
	byName  map[string]*Field
	// declared says that the model came by Declare: it stands first on the page.
	declared bool
	// NameField is what the record is called after (empty is "name"), Order how records are sorted
	// (empty is "id").
	NameField, Order string
	// OnPage names the fields that the page at / shows of the records; without any it shows none.
	OnPage []string
	// Chatter says that the model has a chatter (mail.thread).
	Chatter bool
	// Readers and Writers are the groups that may, as refusals name them; nil lets every internal user.
	Readers, Writers []string
	Methods          map[string]*Method
	// Unique lists fields that must differ between records, with the text of the refusal.
	Unique map[string]string
	// Rule tells whether the user may do something (read, write, create, unlink) with one record.
	Rule func(tx *Tx, r Row, operation string) bool
	// Check refuses a record that is about to be stored, when it is created or changed.
	Check func(*Tx, Row) error
	// Stored runs after a create (created) or a write of the named fields.
	Stored func(tx *Tx, r Row, names map[string]bool, created bool) error
	// Removed runs after an unlink.
	Removed func(*Tx, Row)
	// Crons are the scheduled actions that the model's addon brings.
	Crons []Cron
}

// table is a model with its records.
type table struct {
	*Model
	rows map[int64]Row
	next int64
}

// logFields are the fields that the server keeps on every model.
func logFields() []*Field {
	return []*Field{
		{name: "create_uid", kind: typeMany2one, relation: "res.users", label: "Created by", readonly: true},
		{name: "create_date", kind: typeDatetime, label: "Created on", readonly: true},
		{name: "write_uid", kind: typeMany2one, relation: "res.users", label: "Last Updated by", readonly: true},
		{name: "write_date", kind: typeDatetime, label: "Last Updated on", readonly: true},
	}
}

func (m *Model) prepare() {
	if m.NameField == "" {
		m.NameField = "name"
	}
	if m.Order == "" {
		m.Order = "id"
	}
	all := []*Field{
		{name: "id", kind: typeInteger, label: "ID", readonly: true},
		{
			name: "display_name", kind: typeChar, label: "Display Name", readonly: true,
			compute: func(_ *Tx, r Row) any { return r[m.NameField] },
		},
	}
	all = append(all, m.Fields...)
	m.Fields, m.byName = nil, map[string]*Field{}
	for _, f := range append(all, logFields()...) {
		m.addField(f)
	}
}

func (m *Model) addField(f *Field) {
	m.Fields = append(m.Fields, f)
	m.byName[f.name] = f
}

func (m *Model) removeField(name string) {
	delete(m.byName, name)
	for i, f := range m.Fields {
		if f.name == name {
			m.Fields = append(m.Fields[:i:i], m.Fields[i+1:]...)
			return
		}
	}
}

// Char is a line of text.
func Char(name, label string) *Field { return &Field{name: name, kind: typeChar, label: label} }

// Text is text of several lines.
func Text(name, label string) *Field { return &Field{name: name, kind: typeText, label: label} }

// RichText is HTML, which Odoo cleans.
func RichText(name, label string) *Field { return &Field{name: name, kind: typeHTML, label: label} }

// Integer is a whole number, 0 when empty.
func Integer(name, label string) *Field { return &Field{name: name, kind: typeInteger, label: label} }

// Boolean is true or false.
func Boolean(name, label string) *Field { return &Field{name: name, kind: typeBoolean, label: label} }

// Date is a day without a zone.
func Date(name, label string) *Field { return &Field{name: name, kind: typeDate, label: label} }

// Datetime is a moment in UTC, whole seconds over RPC.
func Datetime(name, label string) *Field { return &Field{name: name, kind: typeDatetime, label: label} }

// Selection is one of the options, each a value and a label.
func Selection(name, label string, options ...[2]string) *Field {
	return &Field{name: name, kind: typeSelection, label: label, selection: options}
}

// Many2One is a link to a record of another model.
func Many2One(name, label, relation string) *Field {
	return &Field{name: name, kind: typeMany2one, label: label, relation: relation}
}

// One2Many is the other end of the many2one called inverse.
func One2Many(name, label, relation, inverse string) *Field {
	return &Field{name: name, kind: typeOne2many, label: label, relation: relation, inverse: inverse}
}

// Many2Many is a set of records of another model.
func Many2Many(name, label, relation string) *Field {
	return &Field{name: name, kind: typeMany2many, label: label, relation: relation}
}

// Float is a number with a fraction.
func Float(name, label string) *Field { return &Field{name: name, kind: typeFloat, label: label} }

// Must makes a field required.
func (f *Field) Must() *Field {
	f.required = true
	return f
}

// ReadOnly marks a field so for screens; the server still takes writes to it, as Odoo does.
func (f *Field) ReadOnly() *Field {
	f.readonly = true
	return f
}

// StartsAs gives a new record that brings no value this one: a string, int64, bool.
func (f *Field) StartsAs(value any) *Field {
	f.initial = func(*Tx) any { return value }
	return f
}

// StartsFrom is StartsAs with a value that is found when the record is made.
func (f *Field) StartsFrom(initial func(*Tx) any) *Field {
	f.initial = initial
	return f
}
