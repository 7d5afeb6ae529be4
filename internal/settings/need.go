package settings

import (
	"errors"
	"fmt"

	"github.com/insightpulseai/odoo-plane-bridge/internal/flows"
)

// ErrUsage marks a failure that a person has to mend in settings or on the command line.
var ErrUsage = errors.New("wrong usage or settings")

// Wrong is the failure of one setting.
func Wrong(setting, problem string) error {
	return fmt.Errorf("%w:\n%w", ErrUsage, Fault{setting, problem})
}

// Need is a group of settings that a command cannot do without.
type Need func(Settings) []error

// Check reports everything that is missing for the given needs, all at once.
func (s Settings) Check(needs ...Need) error {
	var faults []error
	for _, need := range needs {
		faults = append(faults, need(s)...)
	}
	return errors.Join(faults...)
}

// Together joins the faults of a reading with those of needs. A setting that is
// wrong is not reported as missing besides.
func Together(read, needed error) error {
	known, all := make(map[string]bool), faultsIn(read)
	for _, err := range all {
		var fault Fault
		if errors.As(err, &fault) {
			known[fault.Setting] = true
		}
	}
	for _, err := range faultsIn(needed) {
		var fault Fault
		if !errors.As(err, &fault) || !known[fault.Setting] {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

func faultsIn(err error) []error {
	if joined, several := err.(interface{ Unwrap() []error }); several { //nolint:errorlint // the outermost one is asked
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// Database is needed by whatever keeps state.
func Database(s Settings) []error {
	return missing(s.DatabaseURL == "", "DATABASE_URL", "set it to the PostgreSQL that holds schema ops, such as postgres://user@host:5432/database")
}

// Odoo is needed by whatever reads or writes Odoo.
func Odoo(s Settings) []error {
	var faults []error
	faults = append(faults, missing(s.OdooURL == "", "ODOO_URL", "set it to Odoo's address, such as http://127.0.0.1:8069")...)
	faults = append(faults, missing(s.OdooDB == "", "ODOO_DB", "set it to the name of Odoo's database")...)
	faults = append(faults, missing(s.OdooLogin == "", "ODOO_LOGIN", "set it to the login of the bridge's user in Odoo")...)
	return append(faults, missing(s.OdooPassword == "", "ODOO_PASSWORD", "set it to that user's password or API key, or ODOO_PASSWORD_FILE to a file that holds it")...)
}

// OdooIfAny accepts Odoo unset, and refuses it half set.
func OdooIfAny(s Settings) []error {
	if s.OdooURL == "" && s.OdooDB == "" && s.OdooLogin == "" && s.OdooPassword == "" {
		return nil
	}
	return Odoo(s)
}

// PlaneKey is needed by whatever calls Plane's API.
func PlaneKey(s Settings) []error {
	return missing(s.PlaneAPIKey == "" && s.PlaneAuth == "api_key", "PLANE_API_KEY",
		"set it, or PLANE_API_KEY_FILE to a file that holds it (ssot/secrets/registry.yaml#plane_api_key)")
}

// Plane is needed by a bridge that mirrors anything: the key, and one flow at least.
func Plane(s Settings) []error {
	if len(s.FlowsOn()) > 0 {
		return PlaneKey(s)
	}
	return append(PlaneKey(s), FlowOn(flows.Known()[0])(s)...)
}

// Everything is what a bridge needs whose settings are looked at as a whole.
func Everything(s Settings) []error {
	faults := append(Database(s), Odoo(s)...)
	faults = append(faults, Plane(s)...)
	return append(faults, missing(s.PlaneWebhookSecret == "", "PLANE_WEBHOOK_SECRET",
		"set it to the secret that Plane showed when the webhook was made (ssot/secrets/registry.yaml#plane_webhook_secret)")...)
}

func missing(is bool, setting, todo string) []error {
	if !is {
		return nil
	}
	return []error{Fault{setting, "is not set: " + todo}}
}
