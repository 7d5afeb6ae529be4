package planetest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonError is a fault in a request body, told as Python tells it.
type jsonError struct {
	message string
	text    string
	at      int
}

func (e *jsonError) Error() string {
	before := e.text[:e.at]
	line := strings.Count(before, "\n") + 1
	chars := utf8.RuneCountInString(before)
	column := chars + 1
	if cut := strings.LastIndexByte(before, '\n'); cut >= 0 {
		column = utf8.RuneCountInString(before[cut:])
	}
	return fmt.Sprintf("%s: line %d column %d (char %d)", e.message, line, column, chars)
}

// parseJSON reads a request body. It keeps the order of keys, because Plane
// sends the webhooks of one PATCH in the order in which the fields were given,
// and refuses what Python's json module refuses, in its words.
func parseJSON(text string) (any, error) {
	p := &jsonParser{text: text}
	value, err := p.document()
	if err != nil {
		return nil, err
	}
	return value, nil
}

type jsonParser struct {
	text string
	at   int
	deep int
}

// maxDepth keeps a hostile body from exhausting the stack.
const maxDepth = 500

func (p *jsonParser) fail(message string, at int) error {
	return &jsonError{message: message, text: p.text, at: at}
}

func (p *jsonParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *jsonParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *jsonParser) document() (any, error) {
	p.space()
	value, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.at < len(p.text) {
		return nil, p.fail("Extra data", p.at)
	}
	return value, nil
}

func (p *jsonParser) value() (any, error) {
	if p.deep++; p.deep > maxDepth {
		return nil, p.fail("Expecting value", p.at)
	}
	defer func() { p.deep-- }()
	switch c := p.peek(); {
	case c == '"':
		return p.str()
	case c == '{':
		return p.object()
	case c == '[':
		return p.list()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for word, value := range map[string]any{"null": nil, "true": true, "false": false} {
		if strings.HasPrefix(p.text[p.at:], word) {
			p.at += len(word)
			return value, nil
		}
	}
	return nil, p.fail("Expecting value", p.at)
}

func (p *jsonParser) object() (any, error) {
	p.at++
	p.space()
	o := object{}
	if p.peek() == '}' {
		p.at++
		return o, nil
	}
	for {
		if p.peek() != '"' {
			return nil, p.fail("Expecting property name enclosed in double quotes", p.at)
		}
		m, err := p.member()
		if err != nil {
			return nil, err
		}
		o = o.set(m.key, m.value)
		p.space()
		switch p.peek() {
		case '}':
			p.at++
			return o, nil
		case ',':
			p.at++
			p.space()
		default:
			return nil, p.fail("Expecting ',' delimiter", p.at)
		}
	}
}

func (p *jsonParser) member() (member, error) {
	key, err := p.str()
	if err != nil {
		return member{}, err
	}
	p.space()
	if p.peek() != ':' {
		return member{}, p.fail("Expecting ':' delimiter", p.at)
	}
	p.at++
	p.space()
	value, err := p.value()
	return member{key, value}, err
}

func (p *jsonParser) list() (any, error) {
	p.at++
	p.space()
	list := []any{}
	if p.peek() == ']' {
		p.at++
		return list, nil
	}
	for {
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, value)
		p.space()
		switch p.peek() {
		case ']':
			p.at++
			return list, nil
		case ',':
			p.at++
			p.space()
		default:
			return nil, p.fail("Expecting ',' delimiter", p.at)
		}
	}
}

func (p *jsonParser) digits() int {
	start := p.at
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.at++
	}
	return p.at - start
}

func (p *jsonParser) number() (any, error) {
	start := p.at
	if p.peek() == '-' {
		p.at++
	}
	if p.peek() == '0' {
		p.at++
	} else if p.digits() == 0 {
		return nil, p.fail("Expecting value", start)
	}
	p.optional(".", "")
	p.optional("eE", "+-")
	return number(p.text[start:p.at]), nil
}

// optional reads a fraction or an exponent when it is complete; Python takes an
// incomplete one for data behind the number.
func (p *jsonParser) optional(mark, sign string) {
	start := p.at
	if c := p.peek(); c == 0 || strings.IndexByte(mark, c) < 0 {
		return
	}
	p.at++
	if c := p.peek(); c != 0 && strings.IndexByte(sign, c) >= 0 {
		p.at++
	}
	if p.digits() == 0 {
		p.at = start
	}
}

func (p *jsonParser) str() (string, error) {
	start := p.at
	p.at++
	var b strings.Builder
	for {
		if p.at >= len(p.text) {
			return "", p.fail("Unterminated string starting at", start)
		}
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return b.String(), nil
		case c < 0x20:
			return "", p.fail("Invalid control character at", p.at)
		case c == '\\':
			if err := p.escape(&b, start); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
			p.at++
		}
	}
}

func (p *jsonParser) escape(b *strings.Builder, start int) error {
	at := p.at
	if at+1 >= len(p.text) {
		return p.fail("Unterminated string starting at", start)
	}
	c := p.text[at+1]
	if c == 'u' {
		return p.unicode(b)
	}
	i := strings.IndexByte(`"\/bfnrt`, c)
	if i < 0 {
		return p.fail("Invalid \\escape", at)
	}
	b.WriteByte("\"\\/\b\f\n\r\t"[i])
	p.at += 2
	return nil
}

func (p *jsonParser) unicode(b *strings.Builder) error {
	first, ok := p.hex(p.at)
	if !ok {
		return p.fail("Invalid \\uXXXX escape", p.at+1)
	}
	p.at += 6
	if utf16.IsSurrogate(first) {
		if second, ok := p.hex(p.at); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				p.at += 6
				b.WriteRune(r)
				return nil
			}
		}
	}
	b.WriteRune(first)
	return nil
}

func (p *jsonParser) hex(at int) (rune, bool) {
	if at+6 > len(p.text) || p.text[at] != '\\' || p.text[at+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(p.text[at+2:at+6], 16, 16)
	return rune(n), err == nil
}
