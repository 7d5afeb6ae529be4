package contracttest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// coined are words that CONTRIBUTING.md has a word of the field for.
var coined = regexp.MustCompile(`(?i)\b(untold|bury|buried|put back|puts back|putting back|no webhook told|doubles?)\b`)

// quotation is what a document quotes.
var quotation = regexp.MustCompile("`[^`\n]*`")

func TestDocumentsUseTheFieldsOwnWords(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{".md", ".env.example", "alerts.yaml"} {
		files(t, suffix, func(path string) {
			// Decisions stay as they were written, and the glossary names what it replaces.
			if hasPrefix(path, []string{"docs/adr/", "CONTRIBUTING.md"}) {
				return
			}
			refuse(t, path, quotation.ReplaceAllString(read(t, path), ""))
		})
	}
}

// What the program prints, logs and answers stands in its string literals of more than
// one word; those in backquotes are SQL.
func TestTheMessagesOfTheProgramUseTheFieldsOwnWords(t *testing.T) {
	t.Parallel()
	files(t, ".go", func(path string) {
		if strings.HasSuffix(path, "_test.go") || !hasPrefix(path, []string{"bridge/", "cmd/", "mapping/", "plane/", "odoo/", "migrations/", "internal/settings/"}) ||
			hasPrefix(path, []string{"plane/planetest/", "odoo/odootest/"}) {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if text, isText := node.(*ast.BasicLit); isText && text.Kind == token.STRING && len(strings.Fields(strings.Trim(text.Value, `"`))) > 1 && text.Value[0] == '"' {
				refuse(t, path, text.Value)
			}
			return true
		})
	})
}

// coinedPart is a part of an identifier for which the field has another word.
var coinedPart = regexp.MustCompile(`(?i)untold|unheard|bury|buried|putback`)

// multiples are twice as much, which is no duplicate.
var multiples = regexp.MustCompile(`(?i)\bdoubles?\b`)

func TestNamesAndCommentsUseTheFieldsOwnWords(t *testing.T) {
	t.Parallel()
	files(t, ".go", func(path string) {
		if hasPrefix(path, []string{"internal/contracttest/prose_test.go", "migrations/renamed_columns_test.go"}) {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, comment := range file.Comments {
			refuse(t, path, multiples.ReplaceAllString(comment.Text(), ""))
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if name, isName := node.(*ast.Ident); isName && coinedPart.MatchString(name.Name) {
				t.Errorf("%s has the name %s: the words to use are in CONTRIBUTING.md", path, name.Name)
			}
			return true
		})
	})
}

// refuse fails the test for each line that holds a coined word.
func refuse(t *testing.T, path, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if word := coined.FindString(line); word != "" {
			t.Errorf("%s says %q: the words to use are in CONTRIBUTING.md: %s", path, word, strings.TrimSpace(line))
		}
	}
}
