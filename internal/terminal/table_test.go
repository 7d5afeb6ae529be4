package terminal

import (
	"strings"
	"testing"
)

// hostile would clear the screen, turn what follows around, and add a line of its own.
const hostile = "\x1b[2J\a\u202edrow\u009b31m\u2028\x7f\r\nodoo-plane-bridge: all is well\t"

func TestColumnsStandUnderEachOtherWhateverTheTextsAre(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	err := Table(Screen{&out}, [][]any{
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
}

func TestATableWithoutRowsIsNothing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := Table(Screen{&out}, nil); err != nil || out.String() != "" {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}
