package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// Titles, errors of servers and bodies of webhooks are written by strangers. Printed
// as they are, they could move the cursor, colour over a line, turn the direction of
// reading or add lines that look like the program's own. This file is the one place
// that every command prints through.

// screen is what a command prints to. Whatever comes through it is harmless, line
// ends apart, which printf leaves to the program alone.
type screen struct{ to io.Writer }

// Write prints text with what could steer a terminal escaped as JSON does, so that
// JSON stays JSON.
func (s screen) Write(text []byte) (int, error) {
	if _, err := s.to.Write(escaped(text, harmfulInText)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// printf prints a line of the program's own with texts from outside in it, each of
// them on one line.
func printf(w io.Writer, format string, args ...any) (int, error) {
	for i, arg := range args {
		args[i] = oneLine(arg)
	}
	return fmt.Fprintf(w, format, args...)
}

// oneLine returns an argument that prints on one line.
func oneLine(arg any) any {
	switch text := arg.(type) {
	case error:
		return onOneLine(text.Error())
	case fmt.Stringer:
		return onOneLine(text.String())
	}
	if value := reflect.ValueOf(arg); value.Kind() == reflect.String {
		return onOneLine(value.String())
	}
	return arg
}

func onOneLine(text string) string { return string(escaped([]byte(text), harmfulInLine)) }

// printError prints an error after a title. The parts of a joined error, and the list
// of faults in settings, stand on lines of their own; within each there is one line.
func printError(w io.Writer, title string, err error) {
	for i, line := range errorLines(err) {
		if i > 0 {
			title = ""
		}
		_, _ = printf(w, "%s%s\n", title, line) // A terminal that is gone has nobody to tell.
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

func harmfulInText(r rune) bool { return r != '\n' && harmfulInLine(r) }

// harmfulInLine are control characters, the old and the new, what turns the direction
// of reading, and the two separators that some programs take for line ends.
func harmfulInLine(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp) ||
		r == '\ufeff' || (r >= 0xe0000 && r <= 0xe007f)
}

var shortEscapes = map[rune]string{'\n': `\n`, '\r': `\r`, '\t': `\t`}

// escaped returns text with harmful characters, and bytes that are no text, escaped.
func escaped(text []byte, harmful func(rune) bool) []byte {
	if utf8.Valid(text) && bytes.IndexFunc(text, harmful) < 0 {
		return text
	}
	var out bytes.Buffer
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[0])
		case !harmful(r):
			out.Write(text[:size])
		case shortEscapes[r] != "":
			out.WriteString(shortEscapes[r])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out.Bytes()
}
