package contracttest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// namedTest is how a contract names the test that holds one of its lines.
var namedTest = regexp.MustCompile("`([a-z0-9_./-]+_test\\.go):([A-Z][A-Za-z0-9_]*)`")

// table is one Markdown table: its header and its rows, cell by cell.
type table struct {
	header []string
	rows   [][]string
}

func (t table) last() string { return t.header[len(t.header)-1] }

// tables reads every table of a Markdown file.
func tables(text string) []table {
	var found []table
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			inside = false
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !inside:
			inside, found = true, append(found, table{header: cells})
		case strings.Trim(cells[0], "-: ") == "":
		default:
			found[len(found)-1].rows = append(found[len(found)-1].rows, cells)
		}
	}
	return found
}

func contracts(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "docs/contracts/*.md"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no contracts were found: %v", err)
	}
	return paths
}

func readContract(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryLineOfAContractNamesTheTestThatHoldsIt(t *testing.T) {
	t.Parallel()
	lines := 0
	for _, path := range contracts(t) {
		for _, table := range tables(readContract(t, path)) {
			if table.last() != "held by" {
				continue
			}
			for _, row := range table.rows {
				lines++
				if len(row) != len(table.header) || !namedTest.MatchString(row[len(row)-1]) {
					t.Errorf("%s: no test holds the line %q", path, row[0])
				}
			}
		}
	}
	if lines == 0 {
		t.Error("no line was found; the check looks in the wrong place")
	}
}

func TestEveryTestThatAContractNamesExists(t *testing.T) {
	t.Parallel()
	known, seen := make(map[string]map[string]bool), 0
	files(t, ".md", func(path string) {
		for _, match := range namedTest.FindAllStringSubmatch(read(t, path), -1) {
			seen++
			file, name := match[1], match[2]
			if _, parsed := known[file]; !parsed {
				known[file] = testsIn(t, file)
			}
			if !known[file][name] {
				t.Errorf("%s names %s:%s, which does not exist", path, file, name)
			}
		}
	})
	if seen == 0 {
		t.Error("no document names a test; the check looks in the wrong place")
	}
}

// testsIn are the functions of a file that go test runs.
func testsIn(t *testing.T, file string) map[string]bool {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, 0)
	if err != nil {
		t.Errorf("a contract names a file that cannot be read: %v", err)
		return nil
	}
	names := make(map[string]bool)
	for _, declaration := range parsed.Decls {
		function, isFunction := declaration.(*ast.FuncDecl)
		if isFunction && function.Recv == nil && regexp.MustCompile(`^(Test|Fuzz)[A-Z]`).MatchString(function.Name.Name) {
			names[function.Name.Name] = true
		}
	}
	return names
}

func TestTheContractHoldsEveryConstraintOfTheConstitution(t *testing.T) {
	t.Parallel()
	held := make(map[string]bool)
	for _, table := range tables(read(t, "docs/contracts/PLANE_ODOO_SYNC_CONTRACT.md")) {
		for _, row := range table.rows {
			held[row[0]] = table.last() == "held by"
		}
	}
	for n := 1; n <= 15; n++ {
		if constraint := "C" + strconv.Itoa(n); !held[constraint] {
			t.Errorf("the contract has no line for %s", constraint)
		}
	}
}

func TestTheIndexListsEveryContractOnce(t *testing.T) {
	t.Parallel()
	index := read(t, "docs/contracts/PLATFORM_CONTRACTS_INDEX.md")
	for _, path := range contracts(t) {
		name := filepath.Base(path)
		if name != "PLATFORM_CONTRACTS_INDEX.md" && strings.Count(index, "("+name+")") != 1 {
			t.Errorf("the index lists %s %d times", name, strings.Count(index, "("+name+")"))
		}
	}
}
