package planetest

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// What a decoder of Go's says about a fault is neither in Python's words nor at
// Python's place, and its words are no promise. So this file takes no more from it
// than where it stopped, and finds out by itself what Python would have missed there.

const jsonSpace = " \t\r\n"

var (
	wholeNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`)
	goodString  = regexp.MustCompile(`^"([^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*`)
)

// pythonFault tells what is wrong with the token that stands, or is missing, at a
// place of a body.
func pythonFault(text string, at int, place jsonPlace) error {
	expected := expectedAt(text, at, place)
	if delimiter := delimiters[expected]; delimiter != "" && strings.HasPrefix(text[at:], delimiter) {
		// The delimiter is right and what is behind it is not; some releases of Go
		// stop before it, some behind.
		at = len(text) - len(strings.TrimLeft(text[at+1:], jsonSpace))
		expected = expectedAt(text, at, place)
	}
	switch rest := text[at:]; {
	case expected != expectingValue && expected != expectingName:
		return tellFault(text, expected, at)
	case strings.HasPrefix(rest, `"`):
		return stringFault(text, at)
	case expected == expectingValue && wholeNumber.MatchString(rest):
		return behindNumber(text, at+len(wholeNumber.FindString(rest)), place)
	default:
		return tellFault(text, expected, at)
	}
}

// Python's words for what is missing.
const (
	expectingValue = "Expecting value"
	expectingName  = "Expecting property name enclosed in double quotes"
	expectingColon = "Expecting ':' delimiter"
	expectingComma = "Expecting ',' delimiter"
)

var delimiters = map[string]string{expectingColon: ":", expectingComma: ","}

// expectedAt is what has to stand at a place, by what stands before it.
func expectedAt(text string, at int, place jsonPlace) string {
	before := strings.TrimRight(text[:at], jsonSpace)
	began := before == "" || strings.ContainsAny(before[len(before)-1:], "[{:,")
	switch {
	case began && place == inObject:
		return expectingName
	case began:
		return expectingValue
	case place == behindKey:
		return expectingColon
	default:
		return expectingComma
	}
}

// behindNumber tells of an incomplete fraction or exponent, which Python takes for
// data behind the number.
func behindNumber(text string, at int, place jsonPlace) error {
	if place == atTop {
		return tellFault(text, "Extra data", at)
	}
	return tellFault(text, expectingComma, at)
}

func stringFault(text string, start int) error {
	at := start + len(goodString.FindString(text[start:]))
	switch rest := text[at:]; {
	case rest == "", rest == `\`:
		return tellFault(text, "Unterminated string starting at", start)
	case strings.HasPrefix(rest, `\u`):
		return tellFault(text, `Invalid \uXXXX escape`, at+1)
	case rest[0] == '\\':
		return tellFault(text, `Invalid \escape`, at)
	default:
		return tellFault(text, "Invalid control character at", at)
	}
}

// tellFault tells of a fault and its place as Python does.
func tellFault(text, message string, at int) error {
	before := text[:at]
	line, column := strings.Count(before, "\n")+1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])+1
	return fmt.Errorf("%s: line %d column %d (char %d)", message, line, column, utf8.RuneCountInString(before))
}
