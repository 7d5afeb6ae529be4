package settings

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/caarlos0/env/v11"
)

// Spec is what is known of one setting without its value.
type Spec struct {
	// Name is the environment variable.
	Name string
	// Default is the value when nothing sets it; empty for none.
	Default string
	// Secret is the entry in ssot/secrets/registry.yaml; empty for settings that
	// are no secret.
	Secret string
	// OdooKey is the ir.config_parameter it falls back to; empty for none.
	OdooKey string

	// field is the field of Settings; empty for what a flow brings.
	field string
}

// Specs lists every setting: those of Settings in their order, and then those that
// flows bring.
func Specs() []Spec {
	fields := reflect.TypeFor[Settings]()
	specs := make([]Spec, 0, fields.NumField())
	for i := range fields.NumField() {
		f := fields.Field(i)
		if f.Tag.Get("env") == "" {
			continue
		}
		specs = append(specs, Spec{
			Name: f.Tag.Get("env"), Default: f.Tag.Get("envDefault"),
			Secret: f.Tag.Get("secret"), OdooKey: f.Tag.Get("odoo"), field: f.Name,
		})
	}
	return append(specs, flowSpecs()...)
}

// DefaultOf is the value of a setting when nothing sets it.
func DefaultOf(name string) string {
	for _, spec := range Specs() {
		if spec.Name == name {
			return spec.Default
		}
	}
	return ""
}

// Source supplies values. Lookup reports false when it has none for the setting,
// and an error when it cannot tell; a value has been through Clean. One that is also a fmt.Stringer is named in
// the faults of its values.
type Source interface {
	Lookup(ctx context.Context, spec Spec) (value string, found bool, err error)
}

// Preparer is a Source that needs what the sources before it supply, such as an
// address and a login. It is told once in each reading, before its first Lookup.
type Preparer interface {
	Source
	// Prepare gets what is known so far, with zero values where something is wrong,
	// and the settings that have no value yet. A source that cannot answer now
	// supplies nothing; whether that is a fault, the needs of a command decide. An
	// error is a fault of SECRETS_SOURCE, the one setting that chooses a source.
	Prepare(ctx context.Context, known Settings, open []Spec) error
}

// Fault is one setting that is wrong. It never holds the value.
type Fault struct {
	Setting string
	Problem string
}

// Error is one line. Drivers put each address that they tried on a line of its own.
func (f Fault) Error() string {
	return f.Setting + ": " + lineEnds.ReplaceAllString(f.Problem, " ")
}

var lineEnds = regexp.MustCompile(`[\t ]*[\r\n]+[\t ]*`)

// Load reads every setting from the first source that has it. The error joins
// one Fault for each setting that is wrong, so that one start shows them all.
func Load(ctx context.Context, sources ...Source) (Settings, error) {
	read := reading{values: make(map[string]string), origins: make(map[string]string), open: Specs()}
	for _, source := range sources {
		read.from(ctx, source)
	}
	s, err := read.settings()
	var wrong []error
	s.flows, wrong = flowValues(read.values, read.origins)
	return s, errors.Join(slices.Concat(read.faults, readable(err, read.origins), wrong, s.contradictions())...)
}

// One reads a single setting that no struct holds, or that is needed before the
// others are known, from one source.
func One(ctx context.Context, source Source, spec Spec) (value string, found bool, err error) {
	value, found, err = source.Lookup(ctx, spec)
	if err != nil {
		return "", false, Fault{spec.Name, err.Error()}
	}
	return value, found, nil
}

// reading is one pass over the sources. open are the settings without a value.
type reading struct {
	values map[string]string
	// origins names the sources of values that are not the environment's own.
	origins map[string]string
	open    []Spec
	faults  []error
}

// settings are the values so far and the defaults of the others.
func (r *reading) settings() (s Settings, err error) {
	err = env.ParseWithOptions(&s, env.Options{Environment: r.values})
	s.origins = r.origins
	return s, err
}

// from takes what one source has. A setting that the source cannot tell about
// becomes a fault: a source behind it may hold an older value.
func (r *reading) from(ctx context.Context, source Source) {
	if preparer, prepares := source.(Preparer); prepares {
		// What is wrong in it, Load reports at its end.
		known, _ := r.settings()
		if err := preparer.Prepare(ctx, known, slices.Clone(r.open)); err != nil {
			r.faults = append(r.faults, Fault{"SECRETS_SOURCE", err.Error()})
			return
		}
	}
	r.open = slices.DeleteFunc(r.open, func(spec Spec) bool {
		value, found, err := source.Lookup(ctx, spec)
		if err != nil {
			r.faults = append(r.faults, Fault{spec.Name, err.Error()})
			return true
		}
		if found && value != "" {
			r.values[spec.Name] = value
			if named, tells := source.(fmt.Stringer); tells {
				r.origins[spec.Name] = named.String()
			}
		}
		return found && value != ""
	})
}

// readable turns the library's errors, which name struct fields, into faults
// that name settings.
func readable(err error, origins map[string]string) []error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		if err == nil {
			return nil
		}
		return []error{err}
	}
	faults := make([]error, 0, len(all.Errors))
	for _, one := range all.Errors {
		var parse env.ParseError
		if !errors.As(one, &parse) {
			faults = append(faults, one)
			continue
		}
		setting := settingOf(parse.Name)
		faults = append(faults, faultOf(setting, expectation(parse), origins))
	}
	return faults
}

// faultOf blames a value on the source that it comes from.
func faultOf(setting, problem string, origins map[string]string) Fault {
	if origin := origins[setting]; origin != "" {
		problem += " (the value comes from " + origin + ")"
	}
	return Fault{setting, problem}
}

// expectation is our own types' sentence; the library's parsers quote the value,
// so their text is replaced.
func expectation(parse env.ParseError) string {
	if parse.Type.Kind() == reflect.Bool {
		return "expected true or false"
	}
	return parse.Err.Error()
}

func settingOf(field string) string {
	for _, spec := range Specs() {
		if spec.field == field {
			return spec.Name
		}
	}
	return field
}
