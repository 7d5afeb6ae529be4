package mutants

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

var (
	tried = flag.Int("mutants", 0, "how many mutants to try, chosen by -seed among those that are no races; less than 0 is all")
	seed  = flag.Uint64("seed", 1, "chooses which mutants are tried")
	named = flag.String("named", "", "try only the mutants whose names contain this")
)

const (
	root = "../.."
	list = "testdata/mutants.yaml"
)

// mutant is one way in which the program could be wrong.
type mutant struct {
	Name string `yaml:"name"`
	// File is the source, from the project's root. Old stands in it exactly once, and
	// New takes its place.
	File string `yaml:"file"`
	Old  string `yaml:"old"`
	New  string `yaml:"new"`
	// Tests are the arguments of go test that are to fail.
	Tests string `yaml:"tests"`
	// Race says that only some orders of steps show it.
	Race bool `yaml:"race"`
}

func mutants(t *testing.T) []mutant {
	t.Helper()
	content, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	var all []mutant
	if err := yaml.UnmarshalWithOptions(content, &all, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	return all
}

// mutated is the file with the breakage in it.
func (m mutant) mutated() (string, error) {
	content, err := os.ReadFile(filepath.Join(root, m.File))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(content), m.Old); n != 1 {
		return "", fmt.Errorf("%s has %q %d times, want once", m.File, m.Old, n)
	}
	return strings.Replace(string(content), m.Old, m.New, 1), nil
}

func TestEveryMutantFitsTheSources(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, m := range mutants(t) {
		if names[m.Name] || m.Name == "" || m.Tests == "" {
			t.Errorf("mutant %q has no name of its own, or no test", m.Name)
		}
		names[m.Name] = true
		content, err := m.mutated()
		if err == nil && strings.HasSuffix(m.File, ".go") {
			_, err = parser.ParseFile(token.NewFileSet(), m.File, content, 0)
		}
		if err != nil {
			t.Errorf("mutant %q: %v", m.Name, err)
		}
		for _, missing := range m.missingTests(t) {
			t.Errorf("mutant %q: no test of its packages is named %s", m.Name, missing)
		}
		if strings.Contains(m.Tests, "-exploring") != m.Race || m.Race && !strings.HasPrefix(m.Tests, "./bridge/engine -run ") {
			t.Errorf("mutant %q: a race is looked for by exploring, which ./bridge/engine alone knows", m.Name)
		}
	}
}

var testName = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// missingTests are those parts of the mutant's -run that no test of its packages has in
// its name, as after a test was renamed.
func (m mutant) missingTests(t *testing.T) (missing []string) {
	t.Helper()
	words := strings.Fields(m.Tests)
	var names string
	for _, word := range words {
		if !strings.HasPrefix(word, "./") {
			continue
		}
		files, err := filepath.Glob(filepath.Join(root, word, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range testName.FindAllStringSubmatch(string(content), -1) {
				names += found[1] + "\n"
			}
		}
	}
	if at := slices.Index(words, "-run"); at >= 0 {
		for part := range strings.SplitSeq(words[at+1], "|") {
			name, _, _ := strings.Cut(part, "/")
			if !regexp.MustCompile("(?m)" + name).MatchString(names) {
				missing = append(missing, part)
			}
		}
	}
	return missing
}

// TestEveryMutantDies says of each mutant which test noticed it, and fails for each that
// none did.
func TestEveryMutantDies(t *testing.T) {
	chosen := choose(mutants(t))
	if len(chosen) == 0 {
		t.Skip("no mutant is asked for; see make mutants")
	}
	died := 0
	for i, m := range chosen {
		begun := time.Now()
		output, err := m.run(t)
		took := time.Since(begun).Round(time.Second)
		switch fate(output, err) {
		case lives:
			t.Errorf("%d/%d %s: it LIVES: go test %s passes with %q in place of %q in %s", i+1, len(chosen), m.Name, m.Tests, m.New, m.Old, m.File)
		case untried:
			t.Errorf("%d/%d %s: it cannot be tried: %v\n%s", i+1, len(chosen), m.Name, err, output)
		case dies:
			died++
			t.Logf("%d/%d %s: %s (%s)", i+1, len(chosen), m.Name, killer(output), took)
		}
	}
	t.Logf("%d of %d mutants die, chosen by seed %d", died, len(chosen), *seed)
}

// What becomes of a mutant. One whose tests cannot be built, or of which none was run,
// was not tried.
const (
	dies    = "dies"
	lives   = "lives"
	untried = "cannot be tried"
)

func fate(output string, err error) string {
	var ended *exec.ExitError
	switch {
	case err == nil && strings.Count(output, "[no tests to run]") == strings.Count(output, "ok  \t"):
		return untried
	case err == nil:
		return lives
	case !errors.As(err, &ended), strings.Contains(output, "[build failed]"), strings.Contains(output, "[setup failed]"),
		strings.Contains(output, "flag provided but not defined"):
		return untried
	default:
		return dies
	}
}

func choose(all []mutant) []mutant {
	var chosen []mutant
	for _, m := range all {
		if strings.Contains(m.Name, *named) {
			chosen = append(chosen, m)
		}
	}
	if *named != "" || *tried < 0 {
		return chosen
	}
	chosen = slices.DeleteFunc(chosen, func(m mutant) bool { return m.Race })
	r := rand.New(rand.NewPCG(*seed, 0)) //nolint:gosec // which mutants are tried is no secret
	r.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	return chosen[:min(*tried, len(chosen))]
}

// run tests the program with the breakage laid over it. Programs that the tests build
// have it as well.
func (m mutant) run(t *testing.T) (output string, err error) {
	t.Helper()
	content, err := m.mutated()
	if err != nil {
		t.Fatal(err)
	}
	here, original := t.TempDir(), absolute(t, m.File)
	broken, overlay := filepath.Join(here, filepath.Base(m.File)), filepath.Join(here, "overlay.json")
	table, err := json.Marshal(map[string]map[string]string{"Replace": {original: broken}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{broken: []byte(content), overlay: table} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), "go", append([]string{"test", "-count=1", "-vet=off"}, strings.Fields(m.Tests)...)...) //nolint:gosec // the arguments are the list's
	command.Dir = root
	command.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -overlay="+overlay)
	out, err := command.CombinedOutput()
	return string(out), err
}

func absolute(t *testing.T, file string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var (
	schedule = regexp.MustCompile(`schedule (\d+) \(seed \d+\)`)
	failure  = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)
)

// killer says which test noticed, and after how many schedules where it explores.
func killer(output string) string {
	var names []string
	for _, found := range failure.FindAllStringSubmatch(output, 3) {
		names = append(names, found[1])
	}
	if len(names) == 0 {
		return "killed by a program that did not come to its end"
	}
	text := "killed by " + strings.Join(names, ", ")
	if found := schedule.FindStringSubmatch(output); found != nil {
		text += ", at schedule " + found[1]
	}
	return text
}
