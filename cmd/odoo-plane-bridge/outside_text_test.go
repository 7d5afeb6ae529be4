package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
)

// hostile would clear the screen, colour a line, turn what follows around, ring the
// bell, begin an escape sequence by its one-byte form, and add a line of its own.
const hostile = "\x1b[2J\x1b[31m\a\u202edrow\u2066\u009b31m\u2028\x7f\r\nodoo-plane-bridge: all is well\t\ufeff\U000e0041"

// steering says what in a text could steer a terminal; lines are the program's own.
func steering(text string) []rune {
	var found []rune
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029') {
			found = append(found, r)
		}
	}
	return found
}

func TestNoCommandPrintsWhatAStrangerWroteAsItIs(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.odoo.GenerateDeadlines(1, 2099)
	id := uuid.New()
	s.exec(`INSERT INTO ops.plane_webhook_deliveries (delivery_id, event_key, event, action, entity_id, raw_body, status, cause, last_error)
		VALUES ($1, 'k', $2, $2, $2, $3, 'dead', 'data', $2)`, id, hostile, []byte(hostile))
	if code, _, stderr := s.command("sync"); code != exitDone {
		t.Fatal(stderr)
	}
	s.exec(`UPDATE ops.plane_sync_mappings SET last_error = $1, last_pushed = last_pushed || jsonb_build_object('name', $1::text)`, hostile)
	for _, deadline := range s.odoo.Deadlines() {
		s.odoo.Change("bir.filing.deadline", deadline.ID, map[string]any{"name": hostile})
	}
	for _, args := range [][]string{
		{"deliveries", "list"},
		{"deliveries", "list", "--json"},
		{"deliveries", "show", id.String()},
		{"deliveries", "show", id.String(), "--json"},
		{"deliveries", "replay", "--status", "dead", "--dry-run"},
		{"mappings", "list"},
		{"mappings", "list", "--json"},
		{"mappings", "audit"},
		{"sync", "--dry-run"},
		{"sync", "--dry-run", "--json"},
		{"sync"},
		{"reconcile"},
		{"check"},
	} {
		_, stdout, stderr := s.command(args...)
		if found := steering(stdout + stderr); len(found) > 0 {
			t.Errorf("%s prints %q", strings.Join(args, " "), found)
		}
		if strings.Contains(stdout+stderr, "\nodoo-plane-bridge: all is well") {
			t.Errorf("%s prints a line that a stranger wrote", strings.Join(args, " "))
		}
		if args[len(args)-1] == "--json" && !json.Valid([]byte(stdout)) {
			t.Errorf("%s prints what is no JSON any more:\n%s", strings.Join(args, " "), stdout)
		}
	}
}

func TestALogHoldsNothingThatSteersATerminal(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		var log strings.Builder
		p := &process{t.Context(), func(string) string { return "" }, &log, &log, ""}
		p.around().Logger(settings.Settings{LogFormat: settings.LogFormat(format)}).Error("a message of ours", slog.String("from", hostile), slog.Any("error", errors.New(hostile)))
		if found := steering(log.String()); len(found) > 0 || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("a log as %s holds %q in %d lines:\n%s", format, found, strings.Count(log.String(), "\n"), log.String())
		}
		if format == "json" && !json.Valid([]byte(log.String())) {
			t.Errorf("the log is no JSON any more: %s", log.String())
		}
	}
}

func TestAnErrorIsPrintedInTheLinesOfTheProgramAlone(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err   error
		lines int
	}{
		{errors.New(hostile), 1},
		{fmt.Errorf("reading Plane: %w", errors.New(hostile)), 1},
		{errors.Join(errors.New("one"), errors.New(hostile)), 2},
		{fmt.Errorf("closing: %w", errors.Join(errors.New("one"), errors.New("two"))), 1},
		{fmt.Errorf("%w:\n%w", settings.ErrUsage, errors.Join(errors.New("ODOO_URL: is not set"), errors.New("ODOO_DB: is not set"))), 3},
	} {
		var out strings.Builder
		report(row.err, &out)
		if lines := strings.Count(out.String(), "\n"); lines != row.lines || len(steering(out.String())) > 0 {
			t.Errorf("%d lines, want %d: %q", lines, row.lines, out.String())
		}
	}
}

func TestWhatIsHarmlessIsPrintedAsItIs(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "Caf\u00e9 \u754c \U0001f9fe \U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0645\u0647\u0644\u0629", `C:\new\table`} {
		var out strings.Builder
		if _, err := terminal.Printf(terminal.Screen{To: &out}, "%-3s|%d|%s\n", text, 7, time.Second); err != nil || out.String() != fmt.Sprintf("%-3s|7|1s\n", text) {
			t.Errorf("%q is printed as %q, %v", text, out.String(), err)
		}
	}
}

// A command that prints by itself goes around the one place.
func TestEveryCommandPrintsThroughTheOnePlace(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	around := regexp.MustCompile(`fmt\.(Fp|P)rint(f|ln)?\(`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "print_error.go" {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(content), "\n") {
			if around.MatchString(line) && !strings.Contains(line, "terminal.Screen{") {
				t.Errorf("%s:%d prints by itself; terminal.Printf keeps texts from outside harmless: %s", file, i+1, strings.TrimSpace(line))
			}
		}
	}
}
