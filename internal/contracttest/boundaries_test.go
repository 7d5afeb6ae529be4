package contracttest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// sends are what a program sends HTTP requests with.
var sends = map[string]bool{
	"Client": true, "DefaultClient": true, "DefaultTransport": true, "Get": true, "Head": true, "NewRequest": true,
	"NewRequestWithContext": true, "Post": true, "PostForm": true, "Transport": true,
}

// maySend are the rooms that send requests: the two clients with what stands in
// for the two servers, what only tests and benchmarks use, the OAuth app, which
// hands its HTTP client to package plane, and the parts of the command line that
// ask this program itself.
var maySend = []string{
	"plane/", "odoo/", "internal/", "bridge/oauth/", "cmd/odoo-plane-bridge/healthcheck.go",
}

func TestOnlyTheTwoClientsSendRequests(t *testing.T) {
	t.Parallel()
	seen := 0
	files(t, ".go", func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		for _, use := range uses(t, path, "net/http", sends) {
			seen++
			if !hasPrefix(path, maySend) {
				t.Errorf("%s uses http.%s: every request to Plane and Odoo goes through its client", path, use)
			}
		}
	})
	if seen == 0 {
		t.Error("nothing was found, not even the clients; the check looks in the wrong place")
	}
}

func TestAFlowReachesPlaneOnlyThroughTheCore(t *testing.T) {
	t.Parallel()
	const plane = "github.com/insightpulseai/odoo-plane-bridge/plane"
	files(t, ".go", func(path string) {
		if strings.HasSuffix(path, "_test.go") || !hasPrefix(path, []string{"bridge/bir/", "bridge/task/"}) {
			return
		}
		for _, use := range uses(t, path, plane, map[string]bool{"Client": true, "New": true, "Config": true}) {
			t.Errorf("%s uses plane.%s: a flow says what it wants and the core writes it", path, use)
		}
	})
}

func hasPrefix(path string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// uses lists the given names of a package that a file uses.
func uses(t *testing.T, path, imported string, names map[string]bool) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	local := localName(file, imported)
	if local == "" {
		return nil
	}
	var used []string
	ast.Inspect(file, func(node ast.Node) bool {
		selector, isSelector := node.(*ast.SelectorExpr)
		if !isSelector {
			return true
		}
		if of, isName := selector.X.(*ast.Ident); isName && of.Name == local && names[selector.Sel.Name] {
			used = append(used, selector.Sel.Name)
		}
		return true
	})
	return used
}

// localName is what a file calls a package; empty when it does not import it.
func localName(file *ast.File, imported string) string {
	for _, spec := range file.Imports {
		if strings.Trim(spec.Path.Value, `"`) != imported {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return imported[strings.LastIndex(imported, "/")+1:]
	}
	return ""
}
