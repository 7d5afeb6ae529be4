package sources

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// Vault supplies secrets from Supabase Vault: the rows of vault.decrypted_secrets
// whose names are those of the registry of secrets. All are read over one
// connection, so that a database that hangs holds a start up once.
type Vault struct {
	// Connect opens the database that DATABASE_URL names.
	Connect func(ctx context.Context) (*pgx.Conn, error)
	// Within is how long the reading may take, the connecting included; zero means
	// ten seconds. A lock or a pooler can hold it for ever.
	Within time.Duration

	mu     sync.Mutex
	values map[string]string
}

// vaultWithin holds a start up, and a reading anew while the process runs.
const vaultWithin = 10 * time.Second

var _ settings.Preparer = (*Vault)(nil)

// String names the source in messages.
func (v *Vault) String() string { return "Supabase Vault" }

// Prepare reads every secret that nothing before the Vault has. DATABASE_URL
// itself cannot come from the database.
func (v *Vault) Prepare(ctx context.Context, _ settings.Settings, open []settings.Spec) error {
	var names []string
	for _, spec := range open {
		if spec.Secret != "" && spec.Name != "DATABASE_URL" {
			names = append(names, spec.Secret)
		}
	}
	values, err := v.read(ctx, names)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.values = values
	return err
}

func (v *Vault) read(ctx context.Context, names []string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(v.Within, vaultWithin))
	defer cancel()
	conn, err := v.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("the Vault cannot be read, because its database cannot be reached: %w", err)
	}
	defer conn.Close(ctx)
	values := make(map[string]string)
	var name string
	var value *string // NULL when the Vault cannot decrypt it
	rows, err := conn.Query(ctx, "SELECT name, decrypted_secret FROM vault.decrypted_secrets WHERE name = ANY($1)", names)
	if err == nil {
		_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
			if value == nil {
				return fmt.Errorf("it gives no value for %s", name)
			}
			values[name] = *value
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("the Vault cannot be read: %w", err)
	}
	return values, nil
}

// Lookup answers from what Prepare read.
func (v *Vault) Lookup(_ context.Context, spec settings.Spec) (string, bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	raw, found := v.values[spec.Secret]
	if !found || spec.Secret == "" {
		return "", false, nil
	}
	value, err := settings.Clean(spec, raw)
	return value, value != "", err
}
