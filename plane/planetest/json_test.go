package planetest

import (
	"encoding/json"
	"testing"
	"time"
)

// The messages are those of Python 3.11 (asked, not recalled).
func TestWrongJSONIsToldInPythonsWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"name": `:       "Expecting value: line 1 column 10 (char 9)",
		"":                "Expecting value: line 1 column 1 (char 0)",
		"{\n \"a\" 1}":    "Expecting ':' delimiter: line 2 column 6 (char 7)",
		`{"a":1 "b":2}`:   "Expecting ',' delimiter: line 1 column 8 (char 7)",
		`{a:1}`:           "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
		`{"a`:             "Unterminated string starting at: line 1 column 2 (char 1)",
		`1 2`:             "Extra data: line 1 column 3 (char 2)",
		`1.`:              "Extra data: line 1 column 2 (char 1)",
		"\"\x01\"":        "Invalid control character at: line 1 column 2 (char 1)",
		`"\x"`:            `Invalid \escape: line 1 column 2 (char 1)`,
		`["é", nul]`:      "Expecting value: line 1 column 7 (char 6)",
		"{\"é\":\n\n  ]}": "Expecting value: line 3 column 3 (char 9)",
		`[1.]`:            "Expecting ',' delimiter: line 1 column 3 (char 2)",
		`{"a":-}`:         "Expecting value: line 1 column 6 (char 5)",
		`{"a":"b`:         "Unterminated string starting at: line 1 column 6 (char 5)",
		`{"a":1,,"b":2}`:  "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)",
		`{"a"::1}`:        "Expecting value: line 1 column 6 (char 5)",
		`[1,,2]`:          "Expecting value: line 1 column 4 (char 3)",
		`{"a":1,}`:        "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)",
		`["\u12g4"]`:      `Invalid \uXXXX escape: line 1 column 4 (char 3)`,
	} {
		if _, err := parseJSON(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

func TestBothStylesWriteTheSameValue(t *testing.T) {
	t.Parallel()
	value := object{
		{"text", "é🧾<&>\"\u2028\n\x7f"},
		{"float", 65535.0},
		{"half", 0.5},
		{"none", nil},
		{"list", []any{true, number("1.50")}},
		{"whole", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		{"micro", time.Date(2026, 1, 2, 3, 4, 5, 1000, time.UTC)},
		{"never", time.Time{}},
	}
	rest := `{"text":"é🧾<&>\"\u2028\n` + "\x7f" + `","float":65535.0,"half":0.5,"none":null,"list":[true,1.50],` +
		`"whole":"2026-01-02T03:04:05Z","micro":"2026-01-02T03:04:05.000001Z","never":null}`
	hook := `{"text": "\u00e9\ud83e\uddfe<&>\"\u2028\n\u007f", "float": 65535.0, "half": 0.5, "none": null, "list": [true, 1.50], ` +
		`"whole": "2026-01-02T03:04:05Z", "micro": "2026-01-02T03:04:05.000001Z", "never": null}`
	if got := string(restStyle.encode(value)); got != rest {
		t.Errorf("REST\n got %s\nwant %s", got, rest)
	}
	if got := string(webhookStyle.encode(value)); got != hook {
		t.Errorf("webhook\n got %s\nwant %s", got, hook)
	}
}

// FuzzBody wants the parser to take what encoding/json takes, and what it took
// to be written as JSON of the same meaning.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e+3,"\ud83e\uddfe",null,true]}`, `{"a":1,"a":2}`, `"\ud83e"`, `-0`, `01`, ` [ ] `, `{"a":`, "\"\xff\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, err := parseJSON(text)
		if deep(text) {
			return
		}
		if (err == nil) != json.Valid([]byte(text)) {
			t.Fatalf("%q: %v, but encoding/json says %v", text, err, json.Valid([]byte(text)))
		}
		if err != nil {
			return
		}
		for _, style := range []jsonStyle{restStyle, webhookStyle} {
			if written := style.encode(value); !json.Valid(written) {
				t.Fatalf("%q was written as %q", text, written)
			}
		}
	})
}

// deep tells whether a text may go beyond maxDepth.
func deep(text string) bool { return len(text) > maxDepth }
