package contracttest_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	anchorNoise  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

func TestEveryLinkInTheDocumentsLeadsSomewhere(t *testing.T) {
	t.Parallel()
	files(t, ".md", func(file string) {
		for _, match := range markdownLink.FindAllStringSubmatch(read(t, file), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			found := file
			if target != "" {
				found = path.Join(path.Dir(file), target)
			}
			if _, err := os.Stat(filepath.Join(root, found)); err != nil {
				t.Errorf("%s links to %s, which is not there", file, match[1])
				continue
			}
			if anchor != "" && strings.HasSuffix(found, ".md") && !anchors(read(t, found))[anchor] {
				t.Errorf("%s links to %s, and there is no such heading", file, match[1])
			}
		}
	})
}

// anchors are what the headings of a page are called in addresses.
func anchors(text string) map[string]bool {
	all := make(map[string]bool)
	for _, section := range sections(text) {
		name := anchorNoise.ReplaceAllString(strings.ToLower(section.heading), "")
		all[strings.ReplaceAll(name, " ", "-")] = true
	}
	return all
}
