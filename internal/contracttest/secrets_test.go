package contracttest_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// registry is ssot/secrets/registry.yaml.
type registry struct {
	Schema  string                   `yaml:"schema"`
	Secrets map[string]registryEntry `yaml:"secrets"`
}

type registryEntry struct {
	Purpose        string   `yaml:"purpose"`
	ApprovedStores []string `yaml:"approved_stores"`
	Consumers      []string `yaml:"consumers"`
	RotationPolicy struct {
		Every   string `yaml:"every"`
		Overlap string `yaml:"overlap"`
		Steps   string `yaml:"steps"`
	} `yaml:"rotation_policy"`
}

const registryPath = "ssot/secrets/registry.yaml"

func readRegistry(t *testing.T) registry {
	t.Helper()
	r := readYAML[registry](t, registryPath)
	if r.Schema != "ssot.secrets.v1" {
		t.Fatalf("schema = %q, want ssot.secrets.v1", r.Schema)
	}
	return r
}

func TestTheRegistryHoldsExactlyTheSecretsOfTheSettings(t *testing.T) {
	t.Parallel()
	entries := readRegistry(t).Secrets
	known := make(map[string]bool)
	for _, spec := range settings.Specs() {
		if spec.Secret == "" {
			continue
		}
		known[spec.Secret] = true
		if _, found := entries[spec.Secret]; !found {
			t.Errorf("%s has no entry %s in %s", spec.Name, spec.Secret, registryPath)
		}
	}
	for name := range entries {
		if !known[name] {
			t.Errorf("%s has an entry %s that no setting uses", registryPath, name)
		}
	}
}

func TestTheRegistryNamesEveryWayASecretComesIn(t *testing.T) {
	t.Parallel()
	entries := readRegistry(t).Secrets
	for _, spec := range settings.Specs() {
		if spec.Secret == "" {
			continue
		}
		wanted := []string{"environment:" + spec.Name, "file:" + spec.Name + "_FILE"}
		// DATABASE_URL leads to the Vault and so cannot come from there.
		if spec.Name != "DATABASE_URL" {
			wanted = append(wanted, "supabase_vault:"+spec.Secret)
		}
		if spec.OdooKey != "" {
			wanted = append(wanted, "ir_config_parameter:"+spec.OdooKey)
		}
		if diff := cmp.Diff(wanted, entries[spec.Secret].Consumers); diff != "" {
			t.Errorf("consumers of %s (-settings +registry):\n%s", spec.Secret, diff)
		}
	}
}

func TestEveryRegistryEntryIsComplete(t *testing.T) {
	t.Parallel()
	stores := []string{"supabase_vault", "os_keychain", "github_actions"}
	for name, entry := range readRegistry(t).Secrets {
		if entry.Purpose == "" || entry.RotationPolicy.Every == "" || entry.RotationPolicy.Overlap == "" {
			t.Errorf("%s lacks its purpose or its rotation policy", name)
		}
		if len(entry.ApprovedStores) == 0 {
			t.Errorf("%s has no approved store", name)
		}
		for _, store := range entry.ApprovedStores {
			if !slices.Contains(stores, store) {
				t.Errorf("%s: store %s is not one that the constitution approves", name, store)
			}
		}
		assertHeading(t, entry.RotationPolicy.Steps)
	}
}

// assertHeading checks a reference of the form path#heading.
func assertHeading(t *testing.T, reference string) {
	t.Helper()
	path, heading, found := strings.Cut(reference, "#")
	if !found {
		t.Errorf("%q names no heading", reference)
		return
	}
	if !regexp.MustCompile(`(?m)^#+ ` + regexp.QuoteMeta(heading) + `$`).MatchString(read(t, path)) {
		t.Errorf("%s has no heading %s", path, heading)
	}
}

func TestEveryReferenceToTheRegistryLeadsToAnEntry(t *testing.T) {
	t.Parallel()
	entries, seen := readRegistry(t).Secrets, 0
	reference := regexp.MustCompile(regexp.QuoteMeta(registryPath) + `#([a-z0-9_]+)`)
	for _, suffix := range []string{".go", ".md", ".yaml"} {
		files(t, suffix, func(path string) {
			for _, match := range reference.FindAllStringSubmatch(read(t, path), -1) {
				seen++
				if _, found := entries[match[1]]; !found {
					t.Errorf("%s points to %s, which is not there", path, match[0])
				}
			}
		})
	}
	if seen == 0 {
		t.Error("no reference was found; the check looks in the wrong place")
	}
}
