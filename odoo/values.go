package odoo

import (
	"encoding/json"
	"fmt"
	"time"
)

// Values are the fields of a record to create or write, by technical name. What may be a value: nil (the field is
// emptied), bool, numbers, string, Date, DateTime, Many2One, HTML, []int64, nested lists and maps for Odoo's commands
// on x2many fields. A time.Time is refused because it does not say whether a date or a datetime is meant: Odoo cuts the
// UTC day out of a datetime that is written to a date field, without a word.
type Values map[string]any

const (
	dateLayout     = "2006-01-02"
	dateTimeLayout = "2006-01-02 15:04:05"
)

// Date is a day without a zone, "YYYY-MM-DD" on the wire. The zero value is an empty field and is written as false.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateIn is the day that the clock on the wall of loc shows at t. Cut dates with it in the business time zone: a day
// that begins in Manila is still yesterday in UTC for eight hours.
func DateIn(t time.Time, loc *time.Location) Date {
	year, month, day := t.In(loc).Date()
	return Date{Year: year, Month: month, Day: day}
}

// ParseDate reads "YYYY-MM-DD".
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(dateLayout, s)
	if err != nil {
		return Date{}, fmt.Errorf("reading date %q: want YYYY-MM-DD", clip(s, 40))
	}
	return DateIn(t, time.UTC), nil
}

// IsZero reports whether the field is empty.
func (d Date) IsZero() bool { return d == Date{} }

// String is "YYYY-MM-DD", or "" for an empty date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Start(time.UTC).Format(dateLayout)
}

// Start is the first moment of the day in loc.
func (d Date) Start(loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
}

// AddDays moves the date by n days.
func (d Date) AddDays(n int) Date {
	return DateIn(d.Start(time.UTC).AddDate(0, 0, n), time.UTC)
}

// DaysUntil counts the days from d to other, negative when other lies before.
func (d Date) DaysUntil(other Date) int {
	return int(other.Start(time.UTC).Sub(d.Start(time.UTC)) / (24 * time.Hour))
}

// Compare orders dates in time: -1, 0 or 1.
func (d Date) Compare(other Date) int {
	return d.Start(time.UTC).Compare(other.Start(time.UTC))
}

// MarshalJSON writes the date as Odoo takes it; an empty one is false.
func (d Date) MarshalJSON() ([]byte, error) { return json.Marshal(orFalse(d.String())) }

// UnmarshalJSON reads what MarshalJSON wrote, and null.
func (d *Date) UnmarshalJSON(raw []byte) error {
	s, empty, err := textOrEmpty(raw)
	if err != nil || empty {
		*d = Date{}
		return err
	}
	*d, err = ParseDate(s)
	return err
}

// DateTime is a moment in UTC in whole seconds, "YYYY-MM-DD HH:MM:SS" on the wire: Odoo keeps microseconds but shows
// and compares seconds, and refuses zones and fractions. The zero value is an empty field and is written as false.
type DateTime struct{ time.Time }

// At is t as Odoo can hold it: in UTC, cut to the second.
func At(t time.Time) DateTime { return DateTime{t.UTC().Truncate(time.Second)} }

// ParseDateTime reads "YYYY-MM-DD HH:MM:SS" as UTC. Fractions, which Odoo's webhooks send, are cut.
func ParseDateTime(s string) (DateTime, error) {
	t, err := time.Parse(dateTimeLayout, s)
	if err != nil {
		return DateTime{}, fmt.Errorf("reading datetime %q: want YYYY-MM-DD HH:MM:SS", clip(s, 40))
	}
	return At(t), nil
}

// String is "YYYY-MM-DD HH:MM:SS" in UTC, or "" for an empty datetime.
func (d DateTime) String() string {
	if d.IsZero() {
		return ""
	}
	return d.UTC().Format(dateTimeLayout)
}

// MarshalJSON writes the datetime as Odoo takes it; an empty one is false.
func (d DateTime) MarshalJSON() ([]byte, error) { return json.Marshal(orFalse(d.String())) }

// UnmarshalJSON reads what MarshalJSON wrote, and null.
func (d *DateTime) UnmarshalJSON(raw []byte) error {
	s, empty, err := textOrEmpty(raw)
	if err != nil || empty {
		*d = DateTime{}
		return err
	}
	*d, err = ParseDateTime(s)
	return err
}

// Many2One is a reference to one record. Name is what the server shows for it, empty when it was read without names.
// An ID of 0 is an empty reference and is written as false; writing never sends the name.
type Many2One struct {
	ID   int64
	Name string
}

// IsZero reports whether the reference is empty.
func (m Many2One) IsZero() bool { return m.ID == 0 }

// MarshalJSON writes the id, or false.
func (m Many2One) MarshalJSON() ([]byte, error) {
	if m.IsZero() {
		return []byte("false"), nil
	}
	return json.Marshal(m.ID)
}

// UnmarshalJSON reads [id, name], a bare id (as webhooks send), an object with id and display_name (as web_read sends),
// false and null.
func (m *Many2One) UnmarshalJSON(raw []byte) error {
	*m = Many2One{}
	if isEmpty(raw) {
		return nil
	}
	if err := json.Unmarshal(raw, &m.ID); err == nil {
		return nil
	}
	id, name, ok := splitReference(raw)
	if !ok || json.Unmarshal(id, &m.ID) != nil {
		return fmt.Errorf("want [id, name], an id, an object with an id, or false")
	}
	var err error
	m.Name, _, err = textOrEmpty(name)
	return err
}

func splitReference(raw []byte) (id, name json.RawMessage, ok bool) {
	var pair []json.RawMessage
	if err := json.Unmarshal(raw, &pair); err == nil {
		if len(pair) != 2 {
			return nil, nil, false
		}
		return pair[0], pair[1], true
	}
	var object struct {
		ID   json.RawMessage `json:"id"`
		Name json.RawMessage `json:"display_name"`
	}
	err := json.Unmarshal(raw, &object)
	return object.ID, object.Name, err == nil && object.ID != nil
}

// HTML is the content of an HTML field. Odoo sanitises what is written to it; what is read may be shown as it is only
// where Odoo's own users are trusted to write markup.
type HTML string

// orFalse is Odoo's way to write an empty text.
func orFalse(s string) any {
	if s == "" {
		return false
	}
	return s
}

// isEmpty reports whether a field came as false or null, Odoo's two ways to say "not set".
func isEmpty(raw []byte) bool {
	return len(raw) == 0 || string(raw) == "false" || string(raw) == "null"
}

// textOrEmpty reads a text; false, null and "" are the empty one.
func textOrEmpty(raw []byte) (text string, empty bool, err error) {
	if isEmpty(raw) {
		return "", true, nil
	}
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", false, fmt.Errorf("want a text or false")
	}
	return text, text == "", nil
}
