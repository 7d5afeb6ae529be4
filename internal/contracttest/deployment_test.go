package contracttest_test

import (
	"maps"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// drains is how long the bridge may take to stop, in seconds: 15 for requests
// and 20 for work in hand, which end side by side, and 5 to cancel what is left.
const drains = 40

// compose is the part of a compose file that is looked at.
type compose struct {
	Services map[string]service `yaml:"services"`
	Networks map[string]struct {
		Name     string `yaml:"name"`
		External bool   `yaml:"external"`
	} `yaml:"networks"`
}

type service struct {
	Image       string            `yaml:"image"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	User        string            `yaml:"user"`
	ReadOnly    bool              `yaml:"read_only"`
	CapDrop     []string          `yaml:"cap_drop"`
	SecurityOpt []string          `yaml:"security_opt"`
	StopGrace   string            `yaml:"stop_grace_period"`
	Healthcheck struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
	Networks any `yaml:"networks"`
}

func readCompose(t *testing.T, path string) compose {
	t.Helper()
	var c compose
	if err := yaml.Unmarshal([]byte(read(t, path)), &c); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return c
}

// port is the default port of a setting that holds an address.
func port(t *testing.T, name string) string {
	t.Helper()
	for _, spec := range settings.Specs() {
		if spec.Name == name {
			_, port, err := net.SplitHostPort(spec.Default)
			if err != nil {
				t.Fatal(err)
			}
			return port
		}
	}
	t.Fatalf("there is no setting %s", name)
	return ""
}

// assertSettings checks that each variable is a setting, or the file of a secret.
func assertSettings(t *testing.T, where string, names []string) {
	t.Helper()
	known := make(map[string]bool)
	for _, spec := range settings.Specs() {
		known[spec.Name] = true
		known[spec.Name+"_FILE"] = spec.Secret != ""
	}
	for _, name := range names {
		if !known[name] {
			t.Errorf("%s sets %s, which is no setting", where, name)
		}
		if strings.HasSuffix(name, "_FILE") {
			continue
		}
		for _, spec := range settings.Specs() {
			if spec.Name == name && spec.Secret != "" {
				t.Errorf("%s holds the value of %s; a secret comes as a file", where, name)
			}
		}
	}
}

func TestComposeRunsTheBridgeWithoutPrivileges(t *testing.T) {
	t.Parallel()
	c := readCompose(t, "docker/compose.yaml")
	bridge := c.Services["bridge"]
	if bridge.User != "65532:65532" || !bridge.ReadOnly || !slices.Equal(bridge.CapDrop, []string{"ALL"}) ||
		!slices.Contains(bridge.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("bridge runs with user %q, read_only %t, cap_drop %v, security_opt %v", bridge.User, bridge.ReadOnly, bridge.CapDrop, bridge.SecurityOpt)
	}
	assertSettings(t, "docker/compose.yaml", slices.Collect(maps.Keys(bridge.Environment)))
	for _, name := range []string{"LISTEN_ADDR", "METRICS_ADDR"} {
		wanted := "127.0.0.1:" + port(t, name) + ":" + port(t, name)
		if !slices.Contains(bridge.Ports, wanted) {
			t.Errorf("ports = %v, want %s in it", bridge.Ports, wanted)
		}
	}
	if seconds, err := strconv.Atoi(strings.TrimSuffix(bridge.StopGrace, "s")); err != nil || seconds < drains {
		t.Errorf("stop_grace_period = %q, want at least %ds", bridge.StopGrace, drains)
	}
	if c.Services["database"].Image != "postgres:16" || c.Services["odoo"].Image != "odoo:19" {
		t.Errorf("images: %s and %s, want postgres:16 and odoo:19", c.Services["database"].Image, c.Services["odoo"].Image)
	}
}

func TestEveryComposeServiceThatStaysHasAHealthCheck(t *testing.T) {
	t.Parallel()
	for name, service := range readCompose(t, "docker/compose.yaml").Services {
		if name != "passwords" && len(service.Healthcheck.Test) == 0 {
			t.Errorf("%s has no health check", name)
		}
		for _, published := range service.Ports {
			if !strings.HasPrefix(published, "127.0.0.1:") {
				t.Errorf("%s publishes %s to the whole network", name, published)
			}
		}
	}
}

func TestPlaneIsAllowedToCallTheBridgeOfCompose(t *testing.T) {
	t.Parallel()
	base, overlay := readCompose(t, "docker/compose.yaml"), readCompose(t, "docker/compose.plane.yaml")
	const host = "bridge.internal"
	if networks, err := yaml.Marshal(base.Services["bridge"].Networks); err != nil || !strings.Contains(string(networks), host) {
		t.Errorf("the bridge is not known as %s: %s %v", host, networks, err)
	}
	for _, name := range []string{"api", "worker"} {
		if allowed := overlay.Services[name].Environment["WEBHOOK_ALLOWED_HOSTS"]; allowed != host {
			t.Errorf("%s: WEBHOOK_ALLOWED_HOSTS = %q, want %s", name, allowed, host)
		}
	}
	if network := overlay.Networks["bridge"]; !network.External || network.Name != base.Networks["default"].Name {
		t.Errorf("the overlay joins network %+v, the bridge is in %s", network, base.Networks["default"].Name)
	}
}

func TestTheDatabaseScriptKeepsRolesApart(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("psql"); err != nil {
		without(t, "psql is not installed; the script runs it")
	}
	checkDatabaseScript(t)
}

// manifest is the part of a Kubernetes object that is looked at.
type manifest struct {
	Kind string `yaml:"kind"`
	Spec struct {
		Ports []struct {
			Port       int `yaml:"port"`
			TargetPort any `yaml:"targetPort"`
		} `yaml:"ports"`
		Template struct {
			Spec struct {
				Grace      int         `yaml:"terminationGracePeriodSeconds"`
				Containers []container `yaml:"containers"`
				Volumes    []struct {
					Name   string         `yaml:"name"`
					Secret map[string]any `yaml:"secret"`
				} `yaml:"volumes"`
			} `yaml:"spec"`
		} `yaml:"template"`
	} `yaml:"spec"`
}

type container struct {
	Name  string `yaml:"name"`
	Ports []struct {
		Name          string `yaml:"name"`
		ContainerPort int    `yaml:"containerPort"`
	} `yaml:"ports"`
	Env []struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
	} `yaml:"env"`
	VolumeMounts []struct {
		Name      string `yaml:"name"`
		MountPath string `yaml:"mountPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
	Startup   probe          `yaml:"startupProbe"`
	Liveness  probe          `yaml:"livenessProbe"`
	Readiness probe          `yaml:"readinessProbe"`
	Security  map[string]any `yaml:"securityContext"`
}

type probe struct {
	HTTPGet struct {
		Path string `yaml:"path"`
		Port string `yaml:"port"`
	} `yaml:"httpGet"`
}

func readSidecar(t *testing.T) (manifest, container) {
	t.Helper()
	for document := range strings.SplitSeq(read(t, "docker/kubernetes/sidecar.yaml"), "\n---\n") {
		var m manifest
		if err := yaml.Unmarshal([]byte(document), &m); err != nil {
			t.Fatal(err)
		}
		if m.Kind != "Deployment" {
			continue
		}
		for _, c := range m.Spec.Template.Spec.Containers {
			if c.Name == "bridge" {
				return m, c
			}
		}
	}
	t.Fatal("there is no Deployment with a container named bridge")
	return manifest{}, container{}
}

func TestTheSidecarRunsBesideOdooWithoutPrivileges(t *testing.T) {
	t.Parallel()
	m, bridge := readSidecar(t)
	if len(m.Spec.Template.Spec.Containers) != 2 {
		t.Errorf("%d containers in the pod, want Odoo's and the bridge's", len(m.Spec.Template.Spec.Containers))
	}
	for name, wanted := range map[string]any{
		"runAsNonRoot": true, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "runAsUser": uint64(65532),
	} {
		if bridge.Security[name] != wanted {
			t.Errorf("securityContext.%s = %v, want %v", name, bridge.Security[name], wanted)
		}
	}
	if m.Spec.Template.Spec.Grace < drains {
		t.Errorf("grace period = %d s, want at least %d", m.Spec.Template.Spec.Grace, drains)
	}
	// A pod is ready when all its containers are, so a probe that asks Plane would
	// take Odoo down with it.
	for name, probe := range map[string]probe{"startup": bridge.Startup, "liveness": bridge.Liveness, "readiness": bridge.Readiness} {
		if probe.HTTPGet.Path != "/healthz" || probe.HTTPGet.Port != "webhooks" {
			t.Errorf("%s probe asks %s at %s, want /healthz at webhooks", name, probe.HTTPGet.Path, probe.HTTPGet.Port)
		}
	}
}

func TestTheSidecarHasTheDefaultPortsAndItsSecretsAsFiles(t *testing.T) {
	t.Parallel()
	m, bridge := readSidecar(t)
	for _, listed := range bridge.Ports {
		name := map[string]string{"webhooks": "LISTEN_ADDR", "metrics": "METRICS_ADDR"}[listed.Name]
		if wanted := port(t, name); strconv.Itoa(listed.ContainerPort) != wanted {
			t.Errorf("port %s = %d, the default of %s is %s", listed.Name, listed.ContainerPort, name, wanted)
		}
	}
	mounted := bridge.VolumeMounts[0]
	if !slices.ContainsFunc(m.Spec.Template.Spec.Volumes, func(v struct {
		Name   string         `yaml:"name"`
		Secret map[string]any `yaml:"secret"`
	},
	) bool {
		return v.Name == mounted.Name && v.Secret["secretName"] == "odoo-plane-bridge"
	}) || !mounted.ReadOnly {
		t.Errorf("volume %s is not a read-only secret", mounted.Name)
	}
	entries := readRegistry(t).Secrets
	var names []string
	for _, variable := range bridge.Env {
		names = append(names, variable.Name)
		if !strings.HasSuffix(variable.Name, "_FILE") {
			continue
		}
		dir, file := filepath.Split(variable.Value)
		if filepath.Clean(dir) != mounted.MountPath {
			t.Errorf("%s = %s, which is not in %s", variable.Name, variable.Value, mounted.MountPath)
		}
		if _, registered := entries[file]; !registered {
			t.Errorf("%s = %s, and the registry has no entry %s", variable.Name, variable.Value, file)
		}
	}
	assertSettings(t, "docker/kubernetes/sidecar.yaml", names)
}

const unitPath = "docker/systemd/odoo-plane-bridge.service"

func TestTheUnitHandsRegisteredSecretsToTheService(t *testing.T) {
	t.Parallel()
	unit, entries := read(t, unitPath), readRegistry(t).Secrets
	loaded := make(map[string]bool)
	for _, match := range regexp.MustCompile(`(?m)^LoadCredential=([a-z_]+):`).FindAllStringSubmatch(unit, -1) {
		loaded[match[1]] = true
		if _, registered := entries[match[1]]; !registered {
			t.Errorf("the unit loads %s, which is not registered", match[1])
		}
	}
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^Environment=([A-Z_]+)=%d/([a-z_]+)$`).FindAllStringSubmatch(unit, -1) {
		names = append(names, match[1])
		if !loaded[match[2]] {
			t.Errorf("%s points to %s, which the unit does not load", match[1], match[2])
		}
	}
	if len(names) != len(loaded) {
		t.Errorf("%d secrets loaded, %d passed on", len(loaded), len(names))
	}
	assertSettings(t, unitPath, names)
	stop := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(unit)
	if seconds, err := strconv.Atoi(stop[1]); err != nil || seconds < drains {
		t.Errorf("TimeoutStopSec = %q, want at least %d", stop[1], drains)
	}
}
