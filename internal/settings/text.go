package settings

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Values are typed by people and written by editors, shells and tools, which add
// to them what nobody meant: a byte order mark, blanks at the edges, quotes that
// were the shell's, the setting's own name. Where it is certain what is meant,
// that is taken; where it is not, it is a fault. Nothing wrong gets through to
// where it would only show as a refused login or webhook.

// Clean is a value as it was meant; empty when nothing is left of it. Every
// source applies it, once.
func Clean(spec Spec, raw string) (string, error) {
	text, err := Decoded([]byte(raw))
	if err != nil {
		return "", err
	}
	text = Trimmed(text)
	text = Trimmed(strings.TrimPrefix(text, "export "))
	text = Trimmed(strings.TrimPrefix(text, spec.Name+"="))
	text = unquoted(text)
	switch {
	case strings.ContainsAny(text, "\r\n"):
		return "", errors.New("holds more than one line; expected the value alone")
	case strings.ContainsFunc(text, unseen):
		return "", errors.New("holds a character that cannot be seen; write it anew")
	case !spec.mayHoldAnything() && quotedOnOneSide(text):
		return "", errors.New("has a quote at one end only; write it without quotes")
	case isPlaceholder(text):
		return "", errors.New("holds a placeholder that nothing has filled in")
	}
	return text, nil
}

// mayHoldAnything is true of passwords that people choose: only what is certain
// is changed in them.
func (s Spec) mayHoldAnything() bool {
	return s.Secret == "odoo_password" || s.Secret == "odoo_admin_password" || s.Secret == "database_url"
}

var (
	markUTF8     = []byte{0xEF, 0xBB, 0xBF}
	markUTF16LE  = []byte{0xFF, 0xFE}
	markUTF16BE  = []byte{0xFE, 0xFF}
	errNoUTF8    = errors.New("is not UTF-8 text; save it as plain text in UTF-8")
	errNullBytes = errors.New("holds null bytes, as text in UTF-16 does; save it as plain text in UTF-8")
)

// Decoded is text in UTF-8, whichever of the encodings with a mark it is in.
func Decoded(raw []byte) (string, error) {
	switch {
	case bytes.HasPrefix(raw, markUTF8):
		raw = raw[len(markUTF8):]
	case bytes.HasPrefix(raw, markUTF16LE):
		return fromUTF16(raw[len(markUTF16LE):], binary.LittleEndian)
	case bytes.HasPrefix(raw, markUTF16BE):
		return fromUTF16(raw[len(markUTF16BE):], binary.BigEndian)
	}
	// A null byte at the end is what some programs end a text with.
	raw = bytes.TrimRight(raw, "\x00")
	switch {
	case bytes.IndexByte(raw, 0) >= 0:
		return "", errNullBytes
	case !utf8.Valid(raw):
		return "", errNoUTF8
	}
	return string(raw), nil
}

func fromUTF16(raw []byte, order binary.ByteOrder) (string, error) {
	if len(raw)%2 != 0 {
		return "", errNoUTF8
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	text := strings.TrimRight(string(utf16.Decode(units)), "\x00")
	if strings.ContainsRune(text, utf8.RuneError) {
		return "", errNoUTF8
	}
	return text, nil
}

// Trimmed takes blanks and marks without width off the edges.
func Trimmed(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || isMark(r) })
}

// isMark is true of marks that have no width, such as a byte order mark that was
// pasted along.
func isMark(r rune) bool { return r == '\uFEFF' || r == '\u200B' || r == '\u2060' }

// unseen is true of what nobody types on purpose.
func unseen(r rune) bool { return unicode.IsControl(r) || isMark(r) }

// pairs are the quotes that stand around a value: the shell's, and what word
// processors make of them.
var pairs = [][2]string{{`"`, `"`}, {`'`, `'`}, {"`", "`"}, {"“", "”"}, {"‘", "’"}}

// unquoted takes one pair of quotes away. A value that has quotes of its own is
// written with another pair around it.
func unquoted(text string) string {
	for _, pair := range pairs {
		inner, opens := strings.CutPrefix(text, pair[0])
		if inner, closes := strings.CutSuffix(inner, pair[1]); opens && closes {
			return Trimmed(inner)
		}
	}
	return text
}

func quotedOnOneSide(text string) bool {
	const quotes = "\"'`“”‘’"
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	return text != "" && strings.ContainsRune(quotes, first) != strings.ContainsRune(quotes, last)
}

// isPlaceholder is true of ${NAME}, {{ name }} and <your key>.
func isPlaceholder(text string) bool {
	for _, pair := range [][2]string{{"${", "}"}, {"{{", "}}"}, {"<", ">"}} {
		if strings.HasPrefix(text, pair[0]) && strings.HasSuffix(text, pair[1]) {
			return true
		}
	}
	return false
}
