package contracttest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const architecture = "docs/architecture.md"

const projectPath = "github.com/insightpulseai/odoo-plane-bridge/"

func TestThePictureOfTheRoomsShowsTheImportsAsTheyAre(t *testing.T) {
	t.Parallel()
	drawn := map[string]string{}
	for line := range strings.Lines(read(t, architecture)) {
		room, imports, arrow := strings.Cut(strings.TrimSpace(line), " ──▶")
		if arrow && !strings.Contains(room, "─") {
			drawn[room] = strings.TrimSpace(imports)
		}
	}
	found := map[string]string{}
	for room, imports := range importsOfRooms(t) {
		slices.Sort(imports)
		found[room] = strings.Join(slices.Compact(imports), ", ")
	}
	if diff := cmp.Diff(found, drawn); diff != "" {
		t.Errorf("%s (-imports +picture):\n%s", architecture, diff)
	}
}

// importsOfRooms lists what each room imports of the others. Most helpers in internal,
// and what only tests use, are no rooms.
func importsOfRooms(t *testing.T) map[string][]string {
	t.Helper()
	rooms := map[string][]string{}
	files(t, ".go", func(path string) {
		room := filepath.ToSlash(filepath.Dir(path))
		if strings.HasSuffix(path, "_test.go") || !isRoom(room) {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		rooms[room] = append(rooms[room], []string{}...)
		for _, spec := range file.Imports {
			imported, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), projectPath)
			if ours && isRoom(imported) {
				rooms[room] = append(rooms[room], imported)
			}
		}
	})
	return rooms
}

// inside are the rooms that stand in internal.
var inside = []string{"internal/app", "internal/check", "internal/database", "internal/demo", "internal/flows"}

func isRoom(path string) bool {
	if strings.HasPrefix(path, "internal/") {
		return slices.Contains(inside, path)
	}
	return !hasPrefix(path, []string{"docs", "tools"}) && !strings.HasSuffix(path, "test") && !strings.Contains(path, "test/")
}

// named are the functions and types that the document names by their rooms.
var named = regexp.MustCompile("`([a-z]+)\\.([A-Za-z]+)(?:\\.([A-Za-z]+))?`")

func TestTheWalksThroughTheRoomsNameWhatIsThere(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	files(t, ".go", func(path string) {
		if room := filepath.ToSlash(filepath.Dir(path)); isRoom(room) && !strings.HasSuffix(path, "_test.go") {
			declare(t, path, filepath.Base(room), declared)
		}
	})
	names := named.FindAllStringSubmatch(read(t, architecture), -1)
	for _, name := range names {
		if what := strings.Trim(strings.Join(name[1:], "."), "."); !declared[what] && !strings.HasSuffix(what, ".go") {
			t.Errorf("%s names %s, which is not there", architecture, what)
		}
	}
	if len(names) < 30 {
		t.Errorf("only %d names were found; the check looks in the wrong place", len(names))
	}
}

// declare notes what a file declares: "room.Function", "room.Type", "room.Type.Method".
func declare(t *testing.T, path, room string, declared map[string]bool) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			declared[room+"."+receiverOf(d)+d.Name.Name] = true
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if of, isType := spec.(*ast.TypeSpec); isType {
					declareType(room, of, declared)
				}
			}
		}
	}
}

func declareType(room string, of *ast.TypeSpec, declared map[string]bool) {
	declared[room+"."+of.Name.Name] = true
	contract, isInterface := of.Type.(*ast.InterfaceType)
	if !isInterface {
		return
	}
	for _, method := range contract.Methods.List {
		for _, name := range method.Names {
			declared[room+"."+of.Name.Name+"."+name.Name] = true
		}
	}
}

// receiverOf is "Type." for a method and empty for a function.
func receiverOf(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	of := d.Recv.List[0].Type
	if pointer, isPointer := of.(*ast.StarExpr); isPointer {
		of = pointer.X
	}
	if generic, isGeneric := of.(*ast.IndexExpr); isGeneric {
		of = generic.X
	}
	return of.(*ast.Ident).Name + "."
}
