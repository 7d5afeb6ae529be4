package main

import (
	"strings"
	"testing"
)

func TestColumnsStandUnderEachOtherWhateverTheTextsAre(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	err := printTable(screen{&out}, [][]any{
		{"dead", "期限 2026", "b"},
		{"processed", "e\u0301te\u0301", "b"}, // accents of their own, which take no place
		{"", "two\nlines", "<&>"},
		{hostile, "", ""},
	})
	if err != nil {
		t.Fatal(err)
	}
	wide := strings.Repeat(" ", len(onOneLine(hostile)))
	want := "dead" + wide[4:] + "  期限 2026   b\n" +
		"processed" + wide[9:] + "  e\u0301te\u0301         b\n" +
		wide + `  two\nlines  <&>` + "\n" +
		onOneLine(hostile) + "\n"
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
	if found := steering(out.String()); len(found) > 0 {
		t.Errorf("the table holds %q", found)
	}
}

func TestATableWithoutRowsIsNothing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := printTable(screen{&out}, nil); err != nil || out.String() != "" {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}
