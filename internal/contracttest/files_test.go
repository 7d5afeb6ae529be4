package contracttest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// readYAML decodes a file and refuses keys that the target does not know.
func readYAML[T any](t *testing.T, path string) T {
	t.Helper()
	var value T
	if err := yaml.UnmarshalWithOptions([]byte(read(t, path)), &value, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return value
}

// files calls see for every file of the project whose name ends in suffix.
func files(t *testing.T, suffix string, see func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "bin" || name == "testdata") {
			return fs.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(name, suffix) {
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			see(filepath.ToSlash(relative))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// section is a part of a Markdown file under one heading.
type section struct{ heading, text string }

func sections(text string) []section {
	found := []section{{}}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			found = append(found, section{heading: strings.TrimSpace(strings.TrimLeft(line, "#"))})
			continue
		}
		found[len(found)-1].text += line
	}
	return found
}
