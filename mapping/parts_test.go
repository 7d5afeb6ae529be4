package mapping

import (
	"reflect"
	"slices"
	"testing"
)

// Everything that is done with a content goes by its tags, so a field that lacks them
// would be compared, hashed and confirmed by nothing.
func TestEveryFieldOfAContentIsNamedAndComparedAsText(t *testing.T) {
	t.Parallel()
	content := reflect.TypeFor[Fields]()
	for i := range content.NumField() {
		field := Field(content.Field(i).Tag.Get("field"))
		var a Fields
		b := a.WithText(field, "2026-01-02")
		if !slices.Equal(b.Differing(a), []Field{field}) || b.Text(field) != "2026-01-02" || reflect.ValueOf(b).Field(i).IsZero() {
			t.Errorf("%s: with another %q they differ in %v", content.Field(i).Name, field, b.Differing(a))
		}
		if a.Hash() == b.Hash() || a.With(b, field).Hash() != b.Hash() {
			t.Errorf("%s: the hash says nothing of it", content.Field(i).Name)
		}
		if confirmed, refused := Shown(b, a, a, []Field{field}); len(confirmed) > 0 || !refused.Has(field, b) {
			t.Errorf("%s: a write that was not taken counts as confirmed", content.Field(i).Name)
		}
	}
}

func TestAContentWithAFieldThatNothingIsKnownOfStopsTheProgram(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]any{
		"no name": struct{ Start string }{},
		"no such rule": struct {
			Start string `field:"start" shows:"nearly"`
		}{},
		"a number": struct {
			Start int `field:"start"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("it goes unnoticed")
				}
			}()
			partsOf(reflect.TypeOf(content))
		})
	}
}

// A link may hold values of a field that another release knew.
func TestAFieldOfAnotherReleaseIsPassedOver(t *testing.T) {
	t.Parallel()
	full := Fields{Name: "n", Labels: []string{"l"}}
	if full.Text("start") != "" || full.WithText("start", "x").Hash() != full.Hash() || full.With(Fields{}, "start").Hash() != full.Hash() {
		t.Error("a field that this release does not know changes the content")
	}
	if (Values{"start": "2026-01-01"}).Has("start", full) {
		t.Error("a content is said to have the value of a field that it does not have")
	}
}
