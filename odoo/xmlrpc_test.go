package odoo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sentAsAnswer turns a method call with one argument into an answer with that value, to read back what was written.
func sentAsAnswer(t interface{ Fatal(...any) }, value any) any {
	call, err := encodeXML("m", []any{value})
	if err != nil {
		t.Fatal(err)
	}
	answer := strings.Replace(string(call), "methodCall><methodName>m</methodName>", "methodResponse>", 1)
	got, err := decodeXML([]byte(strings.Replace(answer, "</methodCall>", "</methodResponse>", 1)))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestXMLCarriesEveryValueBothWays(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[ a-zA-Z0-9<>&"'äß日😀\n\t-]*[a-z<&]`)
	scalar := rapid.OneOf(
		rapid.Map(text, func(s string) any { return s }),
		rapid.Map(rapid.Int64(), func(n int64) any { return n }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Float64Range(-1e9, 1e9), func(f float64) any { return f }),
	)
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(scalar, 0, 5).Draw(t, "list")
		members := rapid.MapOfN(rapid.StringMatching(`[a-z_]{1,9}`), scalar, 0, 5).Draw(t, "members")
		value := map[string]any{"list": list, "members": members}
		if diff := cmp.Diff(any(value), sentAsAnswer(t, value)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestXMLWritesNoNull(t *testing.T) {
	t.Parallel()
	got := sentAsAnswer(t, Values{"empty": nil, "nested": []any{nil}, "date": Date{}})
	if diff := cmp.Diff(any(map[string]any{"empty": false, "nested": []any{false}, "date": false}), got); diff != "" {
		t.Error(diff)
	}
}

func TestXMLRefusesWhatItWouldGarble(t *testing.T) {
	t.Parallel()
	for _, value := range []any{"a\x00b", "\x1b[31m", "\xff", Values{"<name>": 1}} {
		if _, err := encodeXML("m", []any{value}); err == nil {
			t.Errorf("%q was sent", value)
		}
	}
}

func TestADeeplyNestedAnswerIsRefused(t *testing.T) {
	t.Parallel()
	deep := "<methodResponse><params><param>" + strings.Repeat("<value><array><data>", 1_000_000)
	if _, err := decodeXML([]byte(deep)); err == nil || !strings.Contains(err.Error(), "deep") {
		t.Errorf("got %v", err)
	}
}

func TestATracebackLeavesItsLastLineOnly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]remoteError{
		tracebackHead + "ValueError: bad\n":                                                      {Name: "builtins.ValueError", Message: "bad"},
		tracebackHead + "odoo.exceptions.AccessError: no\n\nAsk: them\n":                         {Name: "odoo.exceptions.AccessError", Message: "no\n\nAsk: them"},
		tracebackHead + "psycopg2.errors.SerializationFailure: could not\n":                      {Name: "psycopg2.errors.SerializationFailure", Message: "could not"},
		tracebackHead + "AssertionError\n":                                                       {Name: "builtins.AssertionError"},
		tracebackHead + "KeyError: 'x'\n\nDuring handling:\n\n" + tracebackHead + "TypeError: y": {Name: "builtins.TypeError", Message: "y"},
		"": {Message: "an exception that the server did not describe"},
		"Traceback (most recent call last):\n  File \"/srv/x.py\"": {Message: "an exception that the server did not describe"},
	} {
		if diff := cmp.Diff(want, readFault(1, text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func FuzzDecodeXML(f *testing.F) {
	f.Add([]byte(xmlAnswer("<array><data><value><int>1</int></value><value><nil/></value></data></array>")))
	f.Add([]byte(xmlAnswer("<struct><member><name>a</name><value><boolean>0</boolean></value></member></struct>")))
	f.Add([]byte("<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1</int></value></member></struct></value></fault></methodResponse>"))
	f.Add([]byte("<value><dateTime.iso8601>20260505T01:02:03</dateTime.iso8601></value>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		value, err := decodeXML(body)
		if err != nil && value != nil {
			t.Errorf("both %v and %v", value, err)
		}
	})
}

func FuzzReadTraceback(f *testing.F) {
	f.Add(tracebackHead + "ValueError: bad\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(readTraceback(text).Name, "\n") {
			t.Error("a class name of several lines")
		}
	})
}
