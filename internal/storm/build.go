package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// skewVariable sets the clock of a bridge that build made.
const skewVariable = "STORM_CLOCK_SKEW"

// skewSource is added to Go's own package time. The bridge is a static program, which
// libfaketime cannot reach, and so are its libraries' many uses of time.Now: a storm's
// build differs from the product's in this one package and in nothing else.
const skewSource = `package time

import "syscall"

var stormSkew = func() int64 {
	text, _ := syscall.Getenv("` + skewVariable + `")
	skew, err := ParseDuration(text)
	if err != nil {
		return 0
	}
	return int64(skew / Second)
}()
`

const (
	plainClock  = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	skewedClock = plainClock + "\tsec += stormSkew\n"
)

// workshop keeps what a build needs where the next one finds it again, so that Go's own
// cache serves it.
const workshop = "bin/storm"

// build builds the program from this tree into dir. skews is false when this Go's clock
// could not be given a handle, so that the replicas' clocks are right.
func build(ctx context.Context, dir string) (path string, skews bool, err error) {
	path = filepath.Join(dir, "odoo-plane-bridge")
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", false, fmt.Errorf("asking for GOROOT: %w", err)
	}
	root := strings.TrimSpace(string(out))
	overlay, skews, err := writeOverlay(root)
	if err != nil {
		return "", false, err
	}
	compile := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "./cmd/odoo-plane-bridge")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if skews {
		// Go replaces no file of a toolchain that it fetched itself, unless it lies elsewhere.
		compile = exec.CommandContext(ctx, filepath.Join(root, "bin", "go"), "build", "-trimpath", "-overlay", overlay, "-o", path, "./cmd/odoo-plane-bridge")
		compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOROOT="+filepath.Join(filepath.Dir(overlay), "goroot"))
	}
	if out, err := compile.CombinedOutput(); err != nil {
		return "", false, fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return path, skews, nil
}

// writeOverlay writes what replaces package time in the build, beside a link to the
// toolchain.
func writeOverlay(root string) (path string, skews bool, err error) {
	dir, err := filepath.Abs(workshop)
	if err != nil {
		return "", false, fmt.Errorf("finding %s: %w", workshop, err)
	}
	source, err := os.ReadFile(filepath.Join(root, "src", "time", "time.go"))
	if err != nil {
		return "", false, fmt.Errorf("reading Go's own clock: %w", err)
	}
	if strings.Count(string(source), plainClock) != 1 {
		return "", false, nil
	}
	link := filepath.Join(dir, "goroot")
	if err := os.MkdirAll(filepath.Join(dir, "_overlay"), 0o755); err != nil { //nolint:gosec // As what is built.
		return "", false, fmt.Errorf("making %s: %w", workshop, err)
	}
	if at, err := os.Readlink(link); err != nil || at != root {
		_ = os.Remove(link) // There may be none.
		if err := os.Symlink(root, link); err != nil {
			return "", false, fmt.Errorf("linking to the toolchain: %w", err)
		}
	}
	replace := map[string]string{}
	for name, content := range map[string]string{
		"time.go": strings.Replace(string(source), plainClock, skewedClock, 1), "storm_skew.go": skewSource,
	} {
		kept := filepath.Join(dir, "_overlay", name) // Go passes over folders of such names.
		replace[filepath.Join(link, "src", "time", name)] = kept
		if err := os.WriteFile(kept, []byte(content), 0o600); err != nil {
			return "", false, fmt.Errorf("writing the storm's clock: %w", err)
		}
	}
	path = filepath.Join(dir, "overlay.json")
	return path, true, write(path, map[string]any{"Replace": replace})
}
