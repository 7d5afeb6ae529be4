package contracttest_test

import (
	"regexp"
	"strings"
	"testing"
)

const alertsPath = "docker/prometheus/alerts.yaml"

// alerts is Prometheus' file of rules.
type alerts struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			For         string            `yaml:"for"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

func TestEveryAlertHasItsPageAndAsksForMetricsThatExist(t *testing.T) {
	t.Parallel()
	metrics, seen := metricsOfTheProgram(t), 0
	for _, group := range readYAML[alerts](t, alertsPath).Groups {
		for _, rule := range group.Rules {
			seen++
			if wanted := "docs/runbooks/alerts.md#" + rule.Alert; rule.Annotations["runbook"] != wanted {
				t.Errorf("%s: runbook = %q, want %s", rule.Alert, rule.Annotations["runbook"], wanted)
			}
			assertHeading(t, "docs/runbooks/alerts.md#"+rule.Alert)
			for _, name := range regexp.MustCompile(`\bbridge_[a-z_]+`).FindAllString(rule.Expr, -1) {
				if !metrics[name] {
					t.Errorf("%s asks for %s, which the program does not show", rule.Alert, name)
				}
			}
		}
	}
	if pages := strings.Count(read(t, "docs/runbooks/alerts.md"), "\n## "); pages != seen || seen == 0 {
		t.Errorf("%d alerts and %d pages", seen, pages)
	}
}

func metricsOfTheProgram(t *testing.T) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	files(t, ".go", func(path string) {
		if strings.HasPrefix(path, "bridge/") && !strings.HasSuffix(path, "_test.go") {
			for _, match := range regexp.MustCompile(`"(bridge_[a-z_]+)"`).FindAllStringSubmatch(read(t, path), -1) {
				names[match[1]] = true
			}
		}
	})
	return names
}
