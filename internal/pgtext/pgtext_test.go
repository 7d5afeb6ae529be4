package pgtext_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtext"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

type word string

func TestWhatPostgreSQLCannotHoldIsReplacedWhateverWritesIt(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	bad := "a\x00b\xffc"
	pointer := &bad
	for name, row := range map[string]struct {
		sql  string
		arg  any
		want string
	}{
		"text":                     {"SELECT $1::text", bad, "a\ufffdb\ufffdc"},
		"a named string":           {"SELECT $1::text", word(bad), "a\ufffdb\ufffdc"},
		"a pointer":                {"SELECT $1::text", pointer, "a\ufffdb\ufffdc"},
		"varchar":                  {"SELECT ($1::varchar)::text", bad, "a\ufffdb\ufffdc"},
		"an array of text":         {"SELECT ($1::text[])[1]", []string{bad}, "a\ufffdb\ufffdc"},
		"jsonb of a map":           {"SELECT $1::jsonb ->> 'k'", map[string]string{"k": "a\x00b"}, "a\ufffdb"},
		"jsonb of bytes":           {"SELECT $1::jsonb ->> 'k'", []byte(`{"k": "a\u0000b"}`), "a\ufffdb"},
		"jsonb of a string":        {"SELECT $1::jsonb ->> 'k'", `{"k": "a\u0000b"}`, "a\ufffdb"},
		"an array of jsonb":        {"SELECT ($1::jsonb[])[1] ->> 'k'", [][]byte{[]byte(`{"k": "a\u0000b"}`)}, "a\ufffdb"},
		"an escaped backslash":     {"SELECT $1::jsonb ->> 'k'", []byte(`{"k": "a\\u0000b"}`), `a\u0000b`},
		"what is storable stays":   {"SELECT $1::text", "caf\u00e9 \u202e \U0001f9fe", "caf\u00e9 \u202e \U0001f9fe"},
		"bytes stay as they are":   {"SELECT encode($1::bytea, 'hex')", []byte(bad), "610062ff63"},
		"nothing stays nothing":    {"SELECT coalesce($1::text, 'nothing')", (*string)(nil), "nothing"},
		"nothing in jsonb as well": {"SELECT coalesce($1::jsonb::text, 'nothing')", nil, "nothing"},
	} {
		var got string
		if err := pool.QueryRow(t.Context(), row.sql, row.arg).Scan(&got); err != nil || got != row.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, row.want)
		}
	}
}

func TestTextIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"four": "four", "caf\u00e9s": "caf", "a\x00": "a\ufffd", "\xff\xff": "\ufffd", strings.Repeat("\u754c", 9): "\u754c"} {
		if got := pgtext.Clip(text, 4); got != want || !utf8.ValidString(got) {
			t.Errorf("%q is cut to %q, want %q", text, got, want)
		}
	}
}
