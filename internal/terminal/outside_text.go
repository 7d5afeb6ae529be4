package terminal

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Screen is what a command prints to. Whatever comes through it is harmless, line ends
// apart, which Printf leaves to the program alone.
type Screen struct{ To io.Writer }

// Write prints text with what could steer a terminal escaped as JSON does, so that
// JSON stays JSON.
func (s Screen) Write(text []byte) (int, error) {
	if _, err := s.To.Write(escaped(text, harmfulInText)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Printf prints a line of the program's own with texts from outside in it, each of
// them on one line.
func Printf(w io.Writer, format string, args ...any) (int, error) {
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
