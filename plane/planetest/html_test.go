package planetest

import "testing"

func TestDescriptionsAreSanitisedAndWrapped(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`<p onclick="a()">hi<script>alert(1)</script></p>`:      `<p>hi</p>`,
		`<h2>A</h2><p><strong>B</strong>: C</p>`:                `<div><h2>A</h2><p><strong>B</strong>: C</p></div>`,
		`plain text`:                                            `<p>plain text</p>`,
		`<b>x</b><i>y</i>`:                                      `<span><b>x</b><i>y</i></span>`,
		`<p><a href="https://o.example/?a=1&amp;b=2">O</a></p>`: `<p><a href="https://o.example/?a=1&amp;b=2" rel="noopener noreferrer">O</a></p>`,
		`<p><a href="javascript:alert(1)">O</a></p>`:            `<p><a rel="noopener noreferrer">O</a></p>`,
		`<p>it's "5" &lt; 6 &amp; é</p>`:                        `<p>it's "5" &lt; 6 &amp; é</p>`,
		`<p>a<br>b</p>`:                                         `<p>a<br>b</p>`,
		`<iframe src="https://x.example"></iframe><p>a</p>`:     `<div><p>a</p></div>`,
	} {
		if got, ok := sanitise(source); !ok || got != want {
			t.Errorf("%s\n got %s\nwant %s", source, got, want)
		}
	}
	if _, ok := sanitise(" "); ok {
		t.Error("an empty description passes")
	}
}

func TestStrippedDescriptionIsText(t *testing.T) {
	t.Parallel()
	if got := stripTags("<div><h2>A</h2> b &amp; <i>c</i></div> d"); got != "A b & c d" {
		t.Errorf("%q", got)
	}
}
