package odoo

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
)

type everyField struct {
	ID       int64     `odoo:"id"`
	Name     string    `odoo:"name"`
	Amount   float64   `odoo:"amount"`
	Active   bool      `odoo:"active"`
	Flag     *bool     `odoo:"flag"`
	Optional *string   `odoo:"optional"`
	Day      Date      `odoo:"day"`
	Moment   DateTime  `odoo:"moment"`
	Company  Many2One  `odoo:"company_id"`
	Parent   *Many2One `odoo:"parent_id"`
	Tags     []int64   `odoo:"tag_ids"`
	Body     HTML      `odoo:"body"`
	Any      any       `odoo:"any"`
	untagged string
}

func TestFalseIsTheEmptyValueOfEveryTypeButBool(t *testing.T) {
	t.Parallel()
	got := everyField{Name: "old", Day: Date{2026, 1, 1}, Tags: []int64{1}, Company: Many2One{ID: 1}, Active: true, untagged: "kept"}
	err := Decode([]byte(`{"id": 0, "name": false, "amount": false, "active": false, "flag": false, "optional": false, "day": false,
		"moment": false, "company_id": false, "parent_id": false, "tag_ids": false, "body": false, "any": false, "more": 1}`), &got)
	if err != nil {
		t.Fatal(err)
	}
	if got.Flag == nil || *got.Flag {
		t.Error("a pointer to bool should hold false")
	}
	got.Flag = nil
	if diff := cmp.Diff(everyField{Any: false, untagged: "kept"}, got, cmp.AllowUnexported(everyField{})); diff != "" {
		t.Error(diff)
	}
}

func TestValuesAreDecodedByTag(t *testing.T) {
	t.Parallel()
	var got everyField
	err := Decode([]byte(`{"id": 5, "name": "n", "amount": 1.5, "active": true, "flag": true, "optional": "o", "day": "2026-02-28",
		"moment": "2026-02-28 23:59:59", "company_id": [1, "My Company"], "parent_id": 3, "tag_ids": [1, 2], "body": "<p>x</p>", "any": "a"}`), &got)
	if err != nil {
		t.Fatal(err)
	}
	yes, text := true, "o"
	want := everyField{
		ID: 5, Name: "n", Amount: 1.5, Active: true, Flag: &yes, Optional: &text, Day: Date{2026, 2, 28},
		Moment: At(time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC)), Company: Many2One{1, "My Company"},
		Parent: &Many2One{ID: 3}, Tags: []int64{1, 2}, Body: "<p>x</p>", Any: "a",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(everyField{})); diff != "" {
		t.Error(diff)
	}
}

func TestAFieldThatDoesNotFitIsNamedWithoutItsValue(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`[{"id": 1}, {"name": 77123}]`:            "item 1: field name: a number arrived where string is wanted",
		`[{"id": "77123"}]`:                       "field id: a text arrived where int64 is wanted",
		`[{"day": "77123"}]`:                      "field day: a text arrived where odoo.Date is wanted",
		`[{"company_id": ["77123"]}]`:             "field company_id: a list arrived where odoo.Many2One is wanted",
		`[{"tag_ids": {"77123": 1}}]`:             "field tag_ids: an object arrived where []int64 is wanted",
		`[{"moment": "2026-02-28T77:12:3+0800"}]`: "field moment: a text arrived where odoo.DateTime is wanted",
		`{"77123": 1}`:                            "an object arrived where []odoo.everyField is wanted",
	} {
		var rows []everyField
		err := Decode([]byte(body), &rows)
		if !errors.Is(err, ErrValue) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "77123") {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestFieldsOfListsTheTagsInOrder(t *testing.T) {
	t.Parallel()
	type embedded struct {
		Name string `odoo:"name"`
	}
	type record struct {
		ID int64 `odoo:"id"`
		embedded
		Hidden string `odoo:"-"`
		Other  string
	}
	if diff := cmp.Diff([]string{"id", "name"}, FieldsOf[record]()); diff != "" {
		t.Error(diff)
	}
}

func TestADateIsCutInTheBusinessTimeZone(t *testing.T) {
	t.Parallel()
	manila, err := time.LoadLocation("Asia/Manila")
	if err != nil {
		t.Fatal(err)
	}
	evening := time.Date(2026, 2, 28, 17, 0, 0, 0, time.UTC)
	if got := DateIn(evening, manila); got != (Date{2026, 3, 1}) {
		t.Errorf("got %s", got)
	}
	if got := (Date{2026, 2, 28}).AddDays(1); got != (Date{2026, 3, 1}) {
		t.Errorf("got %s", got)
	}
	if got := (Date{2026, 3, 1}).DaysUntil(Date{2026, 2, 27}); got != -2 {
		t.Errorf("got %d days", got)
	}
}

func TestValuesAreWrittenAsOdooTakesThem(t *testing.T) {
	t.Parallel()
	moment := time.Date(2026, 3, 1, 7, 30, 15, 999, time.FixedZone("Manila", 8*3600))
	sendable, err := plain(Values{
		"day": Date{2026, 3, 1}, "no_day": Date{}, "moment": At(moment), "no_moment": DateTime{}, "company": Many2One{1, "My Company"},
		"no_company": Many2One{}, "empty": nil, "html": HTML("<p>"), "commands": []any{[]any{6, 0, []int64{1, 2}}}, "binary": []byte("hi"),
		"count": uint8(3), "pointer": (*string)(nil), "number": json.Number("7"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"binary":"aGk=","commands":[[6,0,[1,2]]],"company":1,"count":3,"day":"2026-03-01","empty":null,"html":"\u003cp\u003e",` +
		`"moment":"2026-02-28 23:30:15","no_company":false,"no_day":false,"no_moment":false,"number":7,"pointer":null}`
	if diff := cmp.Diff(want, toJSON(t, sendable)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeSentIsRefusedBeforeItIs(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{
		"time": time.Now(), "nan": math.NaN(), "struct": struct{}{}, "channel": make(chan int), "key": map[int]int{1: 1}, "huge": uint64(math.MaxUint64),
	} {
		if _, err := plain(Values{"field": []any{value}}); err == nil || !strings.Contains(err.Error(), "field: item 0") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAReferenceIsReadInEveryShape(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Many2One{
		`false`: {}, `null`: {}, `7`: {ID: 7}, `[7, "x"]`: {7, "x"}, `[7, false]`: {ID: 7},
		`{"id": 7, "display_name": "x"}`: {7, "x"}, `{"id": 7}`: {ID: 7},
	} {
		var got Many2One
		if err := Decode([]byte(raw), &got); err != nil || got != want {
			t.Errorf("%s reads as %+v, error %v", raw, got, err)
		}
	}
	for _, raw := range []string{`[7]`, `"7"`, `{}`, `[]`, `true`, `{"id": "x"}`} {
		var got Many2One
		if err := Decode([]byte(raw), &got); err == nil {
			t.Errorf("%s reads as %+v", raw, got)
		}
	}
}
