package settings

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
)

// contradictions are the faults of values that have the form of their type and
// yet cannot be right, or not beside another value.
func (s Settings) contradictions() []error {
	var faults []error
	for _, one := range []struct {
		setting string
		problem error
	}{
		{"DATABASE_URL", databaseAddress(s.DatabaseURL.Reveal())},
		{"PLANE_BASE_URL", planeAddress(s.PlaneBaseURL)},
		{"ODOO_URL", odooAddress(s.OdooURL)},
		{"ODOO_DB", matching(s.OdooDB, databaseName, "expected the name of Odoo's database: letters, digits, _ . and -")},
		{"ODOO_LOGIN", withoutComment(s.OdooLogin)},
		{"ODOO_PASSWORD", notTheVariable(s.OdooPassword)},
		{"PLANE_API_KEY", oneWord(s.PlaneAPIKey)},
		{"PLANE_API_KEY", alone(strings.HasPrefix(s.PlaneAPIKey.Reveal(), "plane_wh_"), "is a webhook's secret, which belongs into PLANE_WEBHOOK_SECRET; expected an API key, which begins with plane_api_")},
		{"PLANE_WEBHOOK_SECRET", oneWord(s.PlaneWebhookSecret)},
		{"PLANE_WEBHOOK_SECRET", alone(strings.HasPrefix(s.PlaneWebhookSecret.Reveal(), "plane_api_"), "is an API key, which belongs into PLANE_API_KEY; expected the secret that Plane showed when the webhook was made")},
		{"PLANE_WEBHOOK_SECRET_PREVIOUS", oneWord(s.PlaneWebhookSecretPrevious)},
		{"ODOO_WEBHOOK_TOKEN", withoutComment(s.OdooWebhookToken.Reveal())},
		{"ADMIN_TOKEN", withoutComment(s.AdminToken.Reveal())},
		{"PLANE_OAUTH_CLIENT_ID", oneWord(Secret(s.PlaneOAuthClientID))},
		{"PLANE_OAUTH_CLIENT_SECRET", oneWord(s.PlaneOAuthClientSecret)},
		{"ENCRYPTION_KEY", encryptionKey(s.EncryptionKey)},
		{"ENCRYPTION_KEY_PREVIOUS", encryptionKey(s.EncryptionKeyPrevious)},
		{"ENCRYPTION_KEY", alone(s.EncryptionKeyPrevious != "" && s.EncryptionKey == "", "is not set, and ENCRYPTION_KEY_PREVIOUS is: the newer of the two keys belongs here")},
		{"PLANE_WEBHOOK_SECRET", alone(s.PlaneWebhookSecretPrevious != "" && s.PlaneWebhookSecret == "", "is not set, and PLANE_WEBHOOK_SECRET_PREVIOUS is: the newer of the two secrets belongs here")},
	} {
		if one.problem != nil {
			faults = append(faults, Fault{one.setting, one.problem.Error()})
		}
	}
	return faults
}

// leastConnections is one for a worker's lock, one beside it, one that listens
// to the queue and one for webhooks.
const leastConnections = 4

var errDatabaseAddress = errors.New("expected an address such as postgres://user@host:5432/database")

// databaseAddress tells what is wrong with an address without quoting it, as the
// library does. Its error would hold the password.
func databaseAddress(address string) error {
	if address == "" {
		return nil
	}
	isURL := strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
	if !isURL && !regexp.MustCompile(`(^|\s)(host|hostaddr|service)\s*=`).MatchString(address) {
		return errDatabaseAddress
	}
	if parsed, err := url.Parse(address); isURL && (err != nil || parsed.Host == "" && parsed.Query().Get("host") == "") {
		return errDatabaseAddress
	}
	config, err := pgxpool.ParseConfig(address)
	switch {
	case err != nil:
		return errors.New(errDatabaseAddress.Error() + "; a password in it is written in percent-encoding")
	case SetsMaxConnections(address) && config.MaxConns < leastConnections:
		return errors.New("pool_max_conns in it is too low: the bridge needs at least 4 connections")
	}
	return nil
}

// SetsMaxConnections reports whether an address limits the pool by itself.
func SetsMaxConnections(address string) bool {
	return regexp.MustCompile(`(^|[?&\s])pool_max_conns\s*=`).MatchString(address)
}

// planePaths are the ends of addresses that are copied from the documentation of the
// API: the client adds them by itself. What stands before may be a prefix of the
// server's own, and /api/v1 is what the client takes away.
var planePaths = regexp.MustCompile(`/api(/.*)?$`)

func planeAddress(address WebURL) error {
	parsed, err := url.Parse(address.String())
	if err != nil {
		return nil //nolint:nilerr // the type has told
	}
	if slices.Contains([]string{"app.plane.so", "plane.so", "www.plane.so"}, parsed.Hostname()) {
		return errors.New("is where people open Plane; expected its API, https://api.plane.so")
	}
	if !strings.HasSuffix(strings.TrimRight(parsed.Path, "/"), "/api/v1") && planePaths.MatchString(parsed.Path) {
		return errors.New("holds a path of the API; leave out what begins with /api")
	}
	return nil
}

// odooPages are the ends of addresses that people copy from a browser or from
// the documentation of another client.
var odooPages = regexp.MustCompile(`/(web|odoo|jsonrpc|xmlrpc|json)(/.*)?$`)

func odooAddress(address WebURL) error {
	parsed, err := url.Parse(address.String())
	if err != nil {
		return nil //nolint:nilerr // the type has told
	}
	if page := odooPages.FindString(parsed.Path); page != "" {
		return errors.New("is the address of a page or a service of Odoo; leave out what begins with " + page[:1+strings.IndexAny(page[1:]+"/", "/")])
	}
	return nil
}

var databaseName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

func matching(text string, form *regexp.Regexp, expected string) error {
	if text == "" || form.MatchString(text) {
		return nil
	}
	return errors.New(expected)
}

// withoutComment finds the remark that a file of settings keeps behind a value
// when nothing reads it as a shell would.
func withoutComment(text string) error {
	if strings.Contains(text, " #") {
		return errors.New("holds a remark behind the value; remarks stand on lines of their own")
	}
	return nil
}

// oneWord is for what servers and generators make: none of them makes blanks.
func oneWord(secret Secret) error {
	if strings.ContainsAny(secret.Reveal(), " \t\u00a0") {
		return errors.New("holds a blank; expected the value alone")
	}
	return nil
}

// notTheVariable finds a reference that no shell has followed.
func notTheVariable(secret Secret) error {
	if regexp.MustCompile(`^\$[A-Z_]+$`).MatchString(secret.Reveal()) {
		return errors.New("holds the name of a variable instead of its value")
	}
	return nil
}

func encryptionKey(key Secret) error {
	if key == "" {
		return nil
	}
	if _, err := sealed.NewBox(key.Reveal(), ""); err != nil {
		return sealed.ErrKey
	}
	return nil
}

func alone(is bool, problem string) error {
	if !is {
		return nil
	}
	return errors.New(problem)
}
