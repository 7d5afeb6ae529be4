package settings

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Vault supplies secrets from Supabase Vault: the row of vault.decrypted_secrets
// whose name is the setting's name in the registry of secrets.
type Vault struct {
	// Connect opens the database that DATABASE_URL names.
	Connect func(ctx context.Context) (*pgx.Conn, error)
}

// Lookup reads one secret. DATABASE_URL itself cannot come from the database.
func (v Vault) Lookup(ctx context.Context, spec Spec) (string, bool, error) {
	if spec.Secret == "" || spec.Name == "DATABASE_URL" {
		return "", false, nil
	}
	conn, err := v.Connect(ctx)
	if err != nil {
		return "", false, fmt.Errorf("cannot be read from Supabase Vault, because its database cannot be reached: %w", err)
	}
	defer conn.Close(ctx)
	var value string
	err = conn.QueryRow(ctx, "SELECT decrypted_secret FROM vault.decrypted_secrets WHERE name = $1", spec.Secret).Scan(&value)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("cannot be read from Supabase Vault: %w", err)
	}
	return value, true, nil
}
