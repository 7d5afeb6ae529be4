package database_test

import (
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/database"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

func TestTheOperatorsLimitOfConnectionsIsKept(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		query             string
		workers           int
		connections, work int
	}{
		{"", 4, 10, 4},
		{"", 1, 4, 1},
		{"&pool_max_conns=40", 4, 40, 4},
		{"&pool_max_conns=10", 16, 10, 4},
		{"&pool_max_conns=4", 4, 4, 1},
	} {
		s := settings.Settings{DatabaseURL: settings.Secret("postgres://bridge@127.0.0.1:1/none?sslmode=disable" + row.query), Workers: settings.Count(row.workers)}
		pool, err := database.Open(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, work := int(pool.Config().MaxConns), database.WorkersWithin(pool, s); got != row.connections || work != row.work {
			t.Errorf("%q with %d workers: %d connections and %d workers, want %d and %d", row.query, row.workers, got, work, row.connections, row.work)
		}
		pool.Close()
	}
}
