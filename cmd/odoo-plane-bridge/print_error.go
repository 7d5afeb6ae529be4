package main

import (
	"errors"
	"io"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
)

// printError prints an error after a title. The parts of a joined error, and the list
// of faults in settings, stand on lines of their own; within each there is one line.
func printError(w io.Writer, title string, err error) {
	for i, line := range errorLines(err) {
		if i > 0 {
			title = ""
		}
		_, _ = terminal.Printf(w, "%s%s\n", title, line) // A terminal that is gone has nobody to tell.
	}
}

func errorLines(err error) []string {
	if errors.Is(err, settings.ErrUsage) {
		return strings.Split(err.Error(), "\n") // Names of settings and what is expected; no values.
	}
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // Only a join is taken apart, not what wraps one.
	if !ok {
		return []string{err.Error()}
	}
	var lines, whole []string
	for _, part := range joined.Unwrap() {
		whole = append(whole, part.Error())
		lines = append(lines, errorLines(part)...)
	}
	if strings.Join(whole, "\n") != err.Error() {
		return []string{err.Error()}
	}
	return lines
}
