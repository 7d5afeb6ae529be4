package sources

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// variable is a line that sets something: NAME=VALUE, with or without export.
var variable = regexp.MustCompile(`^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// ReadFile reads a file of settings as a shell would that sources it, as far as
// such files go: a line sets one variable, # begins a remark, and quotes keep
// blanks. Nothing in it is run or filled in. What it cannot read is an error that
// names the line and never quotes it.
func ReadFile(path string) (map[string]string, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	variables, err := parseFile(content)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return variables, nil
}

func parseFile(content []byte) (map[string]string, error) {
	text, err := settings.Decoded(content)
	if err != nil {
		return nil, err
	}
	variables := make(map[string]string)
	for i, line := range strings.Split(text, "\n") {
		line = settings.Trimmed(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := variable.FindStringSubmatch(line)
		if parts == nil {
			return nil, fmt.Errorf("holds something else than NAME=VALUE in line %d", i+1)
		}
		value, err := shellWord(parts[2])
		if err != nil {
			return nil, fmt.Errorf("%w in line %d, which sets %s", err, i+1, parts[1])
		}
		variables[parts[1]] = value
	}
	return variables, nil
}

var (
	errOpenQuote = errors.New("has a quote that is not closed")
	errMoreWords = errors.New("has something behind the value, which a shell would run: put the value in quotes")
	errExpansion = errors.New("has a $ that a shell would fill in: put the value in single quotes")
)

// shellWord reads one word as a shell does: pieces in single quotes, in double
// quotes and bare ones, side by side.
func shellWord(text string) (string, error) {
	var word strings.Builder
	for rest := text; rest != ""; {
		switch first := rest[0]; {
		case first == '\'':
			inner, after, closed := strings.Cut(rest[1:], "'")
			if !closed {
				return "", errOpenQuote
			}
			word.WriteString(inner)
			rest = after
		case first == '"':
			inner, after, err := doubleQuoted(rest[1:])
			if err != nil {
				return "", err
			}
			word.WriteString(inner)
			rest = after
		case first == '\\' && len(rest) > 1:
			word.WriteByte(rest[1])
			rest = rest[2:]
		case first == '$' || first == '`':
			return "", errExpansion
		case first == ' ' || first == '\t':
			if remark := settings.Trimmed(rest); remark != "" && remark[0] != '#' {
				return "", errMoreWords
			}
			return word.String(), nil
		case strings.IndexByte(";&|<>()", first) >= 0:
			return "", errMoreWords
		default:
			word.WriteByte(first)
			rest = rest[1:]
		}
	}
	return word.String(), nil
}

// doubleQuoted reads up to the closing quote, and returns what comes behind it.
func doubleQuoted(text string) (inner, rest string, err error) {
	var word strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return word.String(), text[i+1:], nil
		case c == '$' || c == '`':
			return "", "", errExpansion
		case c == '\\' && i+1 < len(text) && strings.IndexByte("\"\\$`", text[i+1]) >= 0:
			i++
			word.WriteByte(text[i])
		default:
			word.WriteByte(c)
		}
	}
	return "", "", errOpenQuote
}
