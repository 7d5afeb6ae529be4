package planetest

import (
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// descriptionPolicy allows what the server's sanitiser (nh3 with its standard
// lists) allows: text structure, links and images, no scripts, no handlers.
var descriptionPolicy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(strings.Fields(`a abbr acronym area article aside b bdi bdo blockquote br caption
		center cite code col colgroup data dd del details dfn div dl dt em figcaption figure footer
		h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li map mark nav ol p pre q rp rt rtc ruby
		s samp small span strike strong sub summary sup table tbody td th thead time tr tt u ul var wbr`)...)
	p.AllowAttrs("lang", "title").Globally()
	p.AllowAttrs("href", "hreflang").OnElements("a")
	p.AllowNoAttrs().OnElements("a") // A link whose target goes stays as an element.
	p.AllowAttrs("alt", "height", "src", "width").OnElements("img")
	p.AllowAttrs("align", "colspan", "rowspan", "headers").OnElements("td", "th")
	p.AllowAttrs("start").OnElements("ol")
	p.AllowAttrs("cite").OnElements("blockquote", "q", "del", "ins")
	p.AllowStandardURLs()
	p.AllowRelativeURLs(true)
	p.RequireNoFollowOnLinks(false)
	return p
}()

// sanitise is what the server keeps of a description. Several elements side by
// side are wrapped into one, and unsafe markup goes. It is false for text that
// the server cannot parse (an empty one). Recorded are the wrapping into a div
// and the removal of scripts and handlers; the rest follows the lists of the
// server's libraries (lxml, nh3), and rare markup may come out differently.
func sanitise(source string) (string, bool) {
	if strings.TrimSpace(source) == "" {
		return "", false
	}
	clean := descriptionPolicy.Sanitize(wrap(source))
	var b strings.Builder
	for _, n := range parseFragment(clean) {
		writeNode(&b, n)
	}
	return b.String(), true
}

func parseFragment(source string) []*html.Node {
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	// Parsing fails only when reading fails, and a string can always be read.
	nodes, err := html.ParseFragment(strings.NewReader(source), body)
	if err != nil {
		return nil
	}
	return nodes
}

// wrap gives a fragment one root, as lxml does: text becomes a paragraph, one
// element stays, several get a div around them (a span when all are inline).
func wrap(source string) string {
	var elements []*html.Node
	looseText := false
	for _, n := range parseFragment(source) {
		switch {
		case n.Type == html.ElementNode:
			elements = append(elements, n)
		case n.Type == html.TextNode && strings.TrimSpace(n.Data) != "":
			looseText = true
		}
	}
	switch {
	case len(elements) == 1 && !looseText:
		return source
	case slices.ContainsFunc(elements, isBlock):
		return "<div>" + source + "</div>"
	case looseText:
		return "<p>" + source + "</p>"
	}
	return "<span>" + source + "</span>"
}

var blockElements = strings.Fields(`address article aside blockquote center dd details div dl dt fieldset
	figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tbody td tfoot th thead tr ul`)

func isBlock(n *html.Node) bool { return slices.Contains(blockElements, n.Data) }

var voidElements = []string{"area", "br", "col", "hr", "img", "wbr"}

var (
	textEscapes      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\u00a0", "&nbsp;")
	attributeEscapes = strings.NewReplacer("&", "&amp;", `"`, "&quot;", "\u00a0", "&nbsp;")
)

func writeNode(b *strings.Builder, n *html.Node) {
	switch n.Type {
	case html.TextNode:
		b.WriteString(textEscapes.Replace(n.Data))
	case html.ElementNode:
		writeElement(b, n)
	default: // The sanitiser has left nothing else.
	}
}

func writeElement(b *strings.Builder, n *html.Node) {
	b.WriteString("<" + n.Data)
	for _, a := range n.Attr {
		b.WriteString(" " + a.Key + `="` + attributeEscapes.Replace(a.Val) + `"`)
	}
	if n.Data == "a" {
		b.WriteString(` rel="noopener noreferrer"`)
	}
	b.WriteString(">")
	if slices.Contains(voidElements, n.Data) {
		return
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		writeNode(b, child)
	}
	b.WriteString("</" + n.Data + ">")
}

// stripTags is the text of a fragment.
func stripTags(source string) string {
	var b strings.Builder
	for _, n := range parseFragment(source) {
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				b.WriteString(d.Data)
			}
		}
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}
