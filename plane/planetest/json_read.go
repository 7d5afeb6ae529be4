package planetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth keeps a hostile body from exhausting the stack.
const maxDepth = 500

// parseJSON reads a request body. It keeps the order of keys, because Plane
// sends the webhooks of one PATCH in the order in which the fields were given,
// and refuses what Python's json module refuses, in its words.
func parseJSON(text string) (any, error) {
	b := &jsonBody{text: text, decoder: json.NewDecoder(strings.NewReader(text))}
	b.decoder.UseNumber()
	value, err := b.value(atTop)
	if err != nil {
		return nil, err
	}
	at := b.next()
	if _, err := b.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, tellFault(text, "Extra data", at)
	}
	return value, nil
}

// A jsonBody is a request body that is being read.
type jsonBody struct {
	text    string
	decoder *json.Decoder
	deep    int
}

// A jsonPlace is where in a body the decoder stands.
type jsonPlace int

const (
	atTop jsonPlace = iota
	inList
	inObject
	behindKey
)

// token reads one token, or tells in Python's words why there is none.
func (b *jsonBody) token(place jsonPlace) (json.Token, error) {
	token, err := b.decoder.Token()
	if err != nil {
		return nil, pythonFault(b.text, b.next(), place)
	}
	return token, nil
}

// next is where the text goes on behind what was read.
func (b *jsonBody) next() int {
	return len(b.text) - len(strings.TrimLeft(b.text[b.decoder.InputOffset():], jsonSpace))
}

// value reads a value of any kind.
func (b *jsonBody) value(place jsonPlace) (any, error) {
	token, err := b.token(place)
	if err != nil {
		return nil, err
	}
	if n, isNumber := token.(json.Number); isNumber {
		return number(n), nil
	}
	opened, isDelim := token.(json.Delim)
	if !isDelim {
		return token, nil
	}
	if b.deep++; b.deep > maxDepth {
		return nil, tellFault(b.text, "Expecting value", int(b.decoder.InputOffset())-1)
	}
	defer func() { b.deep-- }()
	if opened == '{' {
		return b.object()
	}
	return b.list()
}

func (b *jsonBody) object() (any, error) {
	o := object{}
	for b.decoder.More() {
		key, err := b.token(inObject)
		if err != nil {
			return nil, err
		}
		value, err := b.value(behindKey)
		if err != nil {
			return nil, err
		}
		o = o.set(fmt.Sprint(key), value)
	}
	_, err := b.token(inObject)
	return o, err
}

func (b *jsonBody) list() (any, error) {
	list := []any{}
	for b.decoder.More() {
		value, err := b.value(inList)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := b.token(inList)
	return list, err
}
