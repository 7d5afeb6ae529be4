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

// secretSpecs are the secrets of the settings, and those that only one command
// reads: the latter stand in the code as a settings.Spec of their own.
func secretSpecs(t *testing.T) []settings.Spec {
	t.Helper()
	var specs []settings.Spec
	known := make(map[string]bool)
	for _, spec := range settings.Specs() {
		if spec.Secret != "" {
			specs, known[spec.Secret] = append(specs, spec), true
		}
	}
	literal := regexp.MustCompile(`settings\.Spec\{Name: "([A-Z_]+)", Secret: "([a-z_]+)"`)
	files(t, ".go", func(path string) {
		for _, match := range literal.FindAllStringSubmatch(read(t, path), -1) {
			if !strings.HasSuffix(path, "_test.go") && !known[match[2]] {
				specs, known[match[2]] = append(specs, settings.Spec{Name: match[1], Secret: match[2]}), true
			}
		}
	})
	return specs
}

func TestTheRegistryHoldsExactlyTheSecretsOfTheSettings(t *testing.T) {
	t.Parallel()
	entries := readRegistry(t).Secrets
	known := make(map[string]bool)
	for _, spec := range secretSpecs(t) {
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

// fromVault reports whether a secret may come from Supabase Vault: DATABASE_URL
// leads there, and what an administrator gives for one run is kept nowhere.
func fromVault(spec settings.Spec) bool {
	return spec.Name != "DATABASE_URL" && spec.Name != "ODOO_ADMIN_PASSWORD"
}

func TestTheRegistryNamesEveryWayASecretComesIn(t *testing.T) {
	t.Parallel()
	entries := readRegistry(t).Secrets
	for _, spec := range secretSpecs(t) {
		wanted := []string{"environment:" + spec.Name, "file:" + spec.Name + "_FILE", "command:" + spec.Name + "_CMD"}
		if fromVault(spec) {
			wanted = append(wanted, "supabase_vault:"+spec.Secret)
		}
		if strings.Contains(read(t, "docs/edge-function/plane-webhook-forwarder/forward.mjs"), `"`+spec.Name+`"`) {
			wanted = append(wanted, "supabase_edge_function:"+spec.Name)
		}
		if spec.OdooKey != "" {
			wanted = append(wanted, "ir_config_parameter:"+spec.OdooKey)
		}
		if diff := cmp.Diff(wanted, entries[spec.Secret].Consumers); diff != "" {
			t.Errorf("consumers of %s (-program +registry):\n%s", spec.Secret, diff)
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
