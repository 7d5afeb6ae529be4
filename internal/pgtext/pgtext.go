// Package pgtext keeps text from outside storable. PostgreSQL's text and jsonb hold
// no NUL and no bytes that are not UTF-8, and one such character in a title makes
// the whole transaction fail, again at every try.
package pgtext

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Clean returns text as PostgreSQL can hold it: what it cannot hold is replaced by
// U+FFFD, so that a reader sees that something stood there.
func Clean(text string) string {
	if storable([]byte(text)) {
		return text
	}
	return string(cleanText([]byte(text)))
}

// Clip is Clean for what is kept only to be looked at: it also cuts the text to at
// most so many bytes, between characters.
func Clip(text string, most int) string {
	text = Clean(text)
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// Prepare makes every connection of a pool clean what it writes to text and jsonb
// columns, whoever writes it: titles, errors, the queue's own records. bytea is left
// as it is; the raw bytes of a webhook are evidence. Batches are not covered, and not
// used either.
func Prepare(config *pgxpool.Config) {
	before := config.AfterConnect
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if before != nil {
			if err := before(ctx, conn); err != nil {
				return err
			}
		}
		register(conn.TypeMap())
		return nil
	}
	config.ConnConfig.Tracer = arguments{config.ConnConfig.Tracer}
}

// arguments cleans strings among a statement's arguments. pgx writes these to the
// wire itself and asks no codec. A tracer sees the list of arguments before they are
// written, and the list is the call's own.
type arguments struct{ next pgx.QueryTracer }

// TraceQueryStart replaces the strings that cannot be stored.
func (a arguments) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	for i, argument := range data.Args {
		data.Args[i] = cleanArgument(argument)
	}
	if a.next == nil {
		return ctx
	}
	return a.next.TraceQueryStart(ctx, conn, data)
}

// TraceQueryEnd passes on.
func (a arguments) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	if a.next != nil {
		a.next.TraceQueryEnd(ctx, conn, data)
	}
}

// cleanArgument returns an argument with the same type and storable text. A string
// that is JSON holds escapes in place of what cannot be stored.
func cleanArgument(argument any) any {
	value := reflect.ValueOf(argument)
	pointed := value.Kind() == reflect.Pointer && !value.IsNil()
	if pointed {
		value = value.Elem()
	}
	if value.Kind() != reflect.String {
		return argument
	}
	text := Clean(value.String())
	if strings.Contains(text, `\u0000`) && json.Valid([]byte(text)) {
		text = string(cleanJSON([]byte(text)))
	}
	if text == value.String() {
		return argument
	}
	cleaned := reflect.New(value.Type())
	cleaned.Elem().SetString(text)
	if pointed {
		return cleaned.Interface()
	}
	return cleaned.Elem().Interface()
}

// register replaces the types, and the arrays over them, which hold on to the type
// of their elements.
func register(types *pgtype.Map) {
	for _, name := range []string{"text", "varchar", "bpchar", "name", "json", "jsonb"} {
		known, found := types.TypeForName(name)
		if !found {
			continue
		}
		clean := cleanText
		if strings.HasPrefix(name, "json") {
			clean = cleanJSON
		}
		cleaning := &pgtype.Type{Name: name, OID: known.OID, Codec: codec{known.Codec, clean}}
		types.RegisterType(cleaning)
		if array, found := types.TypeForName("_" + name); found {
			types.RegisterType(&pgtype.Type{Name: array.Name, OID: array.OID, Codec: &pgtype.ArrayCodec{ElementType: cleaning}})
		}
	}
}

// codec encodes as the codec in it does, and then cleans the bytes.
type codec struct {
	pgtype.Codec
	clean func([]byte) []byte
}

// PlanEncode returns the codec's own plan with the cleaning after it.
func (c codec) PlanEncode(types *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	next := c.Codec.PlanEncode(types, oid, format, value)
	if next == nil {
		return nil
	}
	return plan{next, c.clean}
}

type plan struct {
	next  pgtype.EncodePlan
	clean func([]byte) []byte
}

// Encode appends the value to buf.
func (p plan) Encode(value any, buf []byte) ([]byte, error) {
	begin := len(buf)
	encoded, err := p.next.Encode(value, buf)
	if err != nil || encoded == nil {
		return encoded, err
	}
	if cleaned := p.clean(encoded[begin:]); len(cleaned) != len(encoded)-begin || !bytes.Equal(cleaned, encoded[begin:]) {
		return append(encoded[:begin], cleaned...), nil
	}
	return encoded, nil
}

func storable(text []byte) bool { return bytes.IndexByte(text, 0) < 0 && utf8.Valid(text) }

func cleanText(text []byte) []byte {
	if storable(text) {
		return text
	}
	valid := bytes.ToValidUTF8(text, []byte(string(utf8.RuneError)))
	return bytes.ReplaceAll(valid, []byte{0}, []byte(string(utf8.RuneError)))
}

// cleanJSON replaces the escape \u0000, which jsonb refuses, by that of U+FFFD. A
// backslash before it that is itself escaped begins no escape.
func cleanJSON(text []byte) []byte {
	if !bytes.Contains(text, []byte(`\u0000`)) {
		return text
	}
	cleaned := bytes.Clone(text)
	for i := 0; i+1 < len(cleaned); i++ {
		if cleaned[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(cleaned[i:], []byte(`\u0000`)) {
			copy(cleaned[i:], `\ufffd`)
		}
		i++ // What follows a backslash is no backslash of its own.
	}
	return cleaned
}
