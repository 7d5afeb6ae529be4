package mapping

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Values are values of a work item by field: what is about to be sent, or what Plane
// answered with success and did not take. A real server leaves out, without a word,
// a label of another project or a field that it does not know.
type Values map[Field]string

// ValuesOf are the values of some fields of a content.
func ValuesOf(content Fields, fields []Field) Values {
	values := make(Values, len(fields))
	for _, field := range fields {
		values[field] = content.Text(field)
	}
	return values
}

// Has reports whether a content has the value of a field.
func (v Values) Has(field Field, content Fields) bool {
	value, known := v[field]
	return known && value == content.Text(field)
}

// ShownBy reports whether a work item shows the value, as far as Plane keeps values
// as they are sent.
func (v Values) ShownBy(field Field, shown Fields) bool {
	value, known := v[field]
	return known && Fields{}.WithText(field, value).shownAs(field, shown, shown)
}

// Labels are the labels among the values.
func (v Values) Labels() []string {
	return entries(v[FieldLabels])
}

// Shown judges what became of a write: wanted is what was sent in the given fields,
// before what the work item showed until then, and after what it shows now. A field
// is confirmed when it shows what was wanted, and refused otherwise. ours are the
// labels that we put there at earlier writes: one that is not wanted any more and is
// still shown was not taken off. What is noted as written about a work item is noted
// by this rule and by no other.
func Shown(wanted, before, after Fields, sent []Field, ours ...string) (confirmed []Field, refused Values) {
	for _, field := range sent {
		stays := field == FieldLabels && len(Stale(ours, wanted.Labels, after.Labels)) > 0
		if !stays && wanted.shownAs(field, before, after) {
			confirmed = append(confirmed, field)
			continue
		}
		if refused == nil {
			refused = Values{}
		}
		refused[field] = wanted.Text(field)
	}
	return confirmed, refused
}

// showing is the rule by which a work item shows what is wanted of a field. before is
// what it showed until then.
type showing func(wanted, before, after string) bool

// showings are the rules that the tags of Fields name. Without one a field is shown as it
// was sent. Names lose the blanks at their ends, descriptions are cleaned, and labels that
// people added are none of ours.
var showings = map[string]showing{
	"":             func(wanted, _, after string) bool { return wanted == after },
	"trimmed":      func(wanted, _, after string) bool { return strings.TrimSpace(wanted) == strings.TrimSpace(after) },
	"cleaned":      tookDescription,
	"among others": func(wanted, _, after string) bool { return containsAll(entries(after), entries(wanted)) },
}

// shownAs compares one field as Plane keeps it.
func (f Fields) shownAs(field Field, before, after Fields) bool {
	part, known := partByName[field]
	return !known || part.shows(f.Text(field), before.Text(field), after.Text(field))
}

// tookDescription reports whether a description was taken: it was not only where the
// old one is shown still, and that says something else. One that was never set is
// shown as an empty paragraph, and an answer without any does not show it.
func tookDescription(sent, before, after string) bool {
	if after == "" && textOf(sent) != "" {
		return false
	}
	isOld := after == before || textOf(before) == "" && textOf(after) == ""
	return !isOld || sameText(sent, after) && slices.Equal(pagesOf(sent), pagesOf(after))
}

// Shows reports whether a work item that was read shows what is wanted of a field,
// without anything having been sent. A description that the server cleaned counts
// as another one then: there is no telling what made it different.
func (f Fields) Shows(field Field, wanted Fields) bool {
	return wanted.shownAs(field, f, f) && (field != FieldDescription || f.DescriptionHTML == wanted.DescriptionHTML)
}

var tags = regexp.MustCompile(`<[^>]*>`)

// sameText compares what people read: a server that cleans HTML may rewrite tags,
// attributes and entities, and says the same.
func sameText(a, b string) bool {
	return textOf(a) == textOf(b)
}

func textOf(markup string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(markup, " "))), " ")
}

var targets = regexp.MustCompile(`(?i)\b(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)')`)

// SaysTheSame reports whether two descriptions have the same text and lead to the same
// places. A server that cleans HTML rewrites the rest.
func SaysTheSame(a, b string) bool {
	return sameText(a, b) && slices.Equal(targetsOf(a), targetsOf(b))
}

func targetsOf(markup string) []string {
	var found []string
	for _, match := range targets.FindAllStringSubmatch(markup, -1) {
		found = append(found, html.UnescapeString(match[1]+match[2]))
	}
	return found
}

// pagesOf are the web addresses that a description leads to, spelled in one way. What
// else it refers to, such as a picture in the text itself, a server may drop.
func pagesOf(markup string) []string {
	var pages []string
	for _, target := range targetsOf(markup) {
		address, err := url.Parse(strings.TrimSpace(target))
		if err == nil && (address.Scheme == "http" || address.Scheme == "https") {
			pages = append(pages, address.String())
		}
	}
	return pages
}

// Stale lists the labels of ours that are shown and not wanted any more.
func Stale(ours, wanted, shown []string) []string {
	return slices.DeleteFunc(slices.Compact(Common(ours, shown)), func(label string) bool { return slices.Contains(wanted, label) })
}

// Common lists the labels that are in both lists, sorted.
func Common(a, b []string) []string {
	return slices.DeleteFunc(sorted(a), func(label string) bool { return !slices.Contains(b, label) })
}
