package database_test

import (
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
