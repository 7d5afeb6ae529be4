package contracttest_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
)

const sqlConstraints = `SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
	WHERE conrelid = ('ops.' || $1)::regclass AND contype IN ('c', 'u', 'p')`

var (
	drawn    = regexp.MustCompile(`(?m)^    (\S+) --> ([^\s:]+):`)
	inQuotes = regexp.MustCompile(`'([a-z_]+)'`)
	marked   = regexp.MustCompile("`([^`]+)`")
)

// docs/states.md draws what the tables hold.
func TestTheStatesDrawnAreTheStatesThatTheTablesHold(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	page := sections(read(t, "docs/states.md"))
	for heading, table := range map[string]string{"Delivery": "plane_webhook_deliveries", "Link": "plane_sync_mappings"} {
		rows, err := pool.Query(context.Background(), sqlConstraints, table)
		if err != nil {
			t.Fatal(err)
		}
		constraints := map[string]string{}
		var name, definition string
		if _, err := pgx.ForEachRow(rows, []any{&name, &definition}, func() error {
			constraints[name] = definition
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		held := constraints[table+"_status_check"] + constraints[table+"_state_check"]
		text := sectionNamed(t, page, heading)
		states := captured(inQuotes, held)
		delete(states, "text")
		if len(states) == 0 {
			t.Fatalf("%s has no constraint that names its states", table)
		}
		if diff := cmp.Diff(sortedNames(states), sortedNames(drawnStates(text))); diff != "" {
			t.Errorf("states of a %s: the table's (-) are not the drawn (+):\n%s", heading, diff)
		}
		compareTransitions(t, heading, text)
		for named := range captured(marked, column(t, text, "constraint")) {
			if constraints[named] == "" {
				t.Errorf("%s has no constraint %s", table, named)
			}
		}
	}
}

// compareTransitions holds the table of a section against its drawing.
func compareTransitions(t *testing.T, heading, text string) {
	t.Helper()
	inDrawing, inTable := map[string]bool{}, map[string]bool{}
	for _, arrow := range drawn.FindAllStringSubmatch(text, -1) {
		inDrawing[arrow[1]+" --> "+arrow[2]] = true
	}
	for _, table := range tables(text) {
		if table.header[0] != "from" {
			continue
		}
		for _, row := range table.rows {
			for _, from := range statesOrNone(row[0]) {
				for _, to := range statesOrNone(row[1]) {
					inTable[from+" --> "+to] = true
				}
			}
		}
	}
	if diff := cmp.Diff(sortedNames(inDrawing), sortedNames(inTable)); diff != "" {
		t.Errorf("transitions of a %s: the drawn (-) are not the listed (+):\n%s", heading, diff)
	}
}

// statesOrNone are the states in a cell; "none" is before or after the row is there.
func statesOrNone(cell string) []string {
	names := sortedNames(captured(marked, cell))
	if len(names) == 0 {
		return []string{"[*]"}
	}
	return names
}

func drawnStates(text string) map[string]bool {
	states := captured(drawn, text)
	for _, arrow := range drawn.FindAllStringSubmatch(text, -1) {
		states[arrow[2]] = true
	}
	delete(states, "[*]")
	return states
}

func captured(pattern *regexp.Regexp, text string) map[string]bool {
	found := map[string]bool{}
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		found[match[1]] = true
	}
	return found
}

func sortedNames(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

func sectionNamed(t *testing.T, page []section, heading string) string {
	t.Helper()
	for _, s := range page {
		if strings.TrimSpace(strings.TrimLeft(s.heading, "#")) == heading {
			return s.text
		}
	}
	t.Fatalf("docs/states.md has no section %s", heading)
	return ""
}

// column joins the first column of the tables that begin with a heading.
func column(t *testing.T, text, heading string) string {
	t.Helper()
	var cells []string
	for _, table := range tables(text) {
		for _, row := range table.rows {
			if table.header[0] == heading {
				cells = append(cells, row[0])
			}
		}
	}
	if len(cells) == 0 {
		t.Fatalf("no table of %ss", heading)
	}
	return strings.Join(cells, " ")
}
