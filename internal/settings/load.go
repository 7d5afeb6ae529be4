package settings

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

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

	field string
}

// Specs lists every setting, in the order of Settings.
func Specs() []Spec {
	fields := reflect.TypeFor[Settings]()
	specs := make([]Spec, 0, fields.NumField())
	for i := range fields.NumField() {
		f := fields.Field(i)
		specs = append(specs, Spec{
			Name: f.Tag.Get("env"), Default: f.Tag.Get("envDefault"),
			Secret: f.Tag.Get("secret"), OdooKey: f.Tag.Get("odoo"), field: f.Name,
		})
	}
	return specs
}

// Source supplies values. Lookup reports false when it has none for the setting,
// and an error when it cannot tell.
type Source interface {
	Lookup(ctx context.Context, spec Spec) (value string, found bool, err error)
}

// Fault is one setting that is wrong. It never holds the value.
type Fault struct {
	Setting string
	Problem string
}

func (f Fault) Error() string { return f.Setting + ": " + f.Problem }

// Load reads every setting from the first source that has it. The error joins
// one Fault for each setting that is wrong, so that one start shows them all.
func Load(ctx context.Context, sources ...Source) (Settings, error) {
	values, faults := resolve(ctx, sources)
	var s Settings
	err := env.ParseWithOptions(&s, env.Options{Environment: values})
	return s, errors.Join(append(faults, readable(err)...)...)
}

func resolve(ctx context.Context, sources []Source) (map[string]string, []error) {
	values, faults := make(map[string]string), []error(nil)
	for _, spec := range Specs() {
		for _, source := range sources {
			value, found, err := source.Lookup(ctx, spec)
			if err != nil {
				faults = append(faults, Fault{spec.Name, err.Error()})
				break
			}
			if found && value != "" {
				values[spec.Name] = value
				break
			}
		}
	}
	return values, faults
}

// readable turns the library's errors, which name struct fields, into faults
// that name settings.
func readable(err error) []error {
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
		faults = append(faults, Fault{settingOf(parse.Name), expectation(parse)})
	}
	return faults
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

// Environment supplies the process's environment, and the files that X_FILE
// variables of secrets point at.
type Environment struct {
	// Getenv reads a variable; os.Getenv outside tests.
	Getenv func(string) string
}

// Lookup prefers the variable itself over its file.
func (e Environment) Lookup(_ context.Context, spec Spec) (string, bool, error) {
	if value := e.Getenv(spec.Name); value != "" {
		return value, true, nil
	}
	if spec.Secret == "" {
		return "", false, nil
	}
	path := e.Getenv(spec.Name + "_FILE")
	if path == "" {
		return "", false, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", false, fmt.Errorf("%s_FILE names a file that cannot be read: %w", spec.Name, errors.Unwrap(err))
	}
	if strings.TrimSpace(string(content)) == "" {
		return "", false, fmt.Errorf("%s_FILE names a file that is empty", spec.Name)
	}
	return string(content), true, nil
}
