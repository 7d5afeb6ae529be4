package sources

import (
	"fmt"
	"os"
	"slices"
	"syscall"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// readOnlyMount is ST_RDONLY: containers mount secrets so, with modes that let
// everybody in the container read them.
const readOnlyMount = 0x1

// FileWarnings names the secrets whose files others can write, and those whose
// files everybody on the machine can read. It never tells what is in them.
func (e Environment) FileWarnings() []string {
	var warnings []string
	for _, spec := range settings.Specs() {
		path := e.Getenv(spec.Name + "_FILE")
		if spec.Secret == "" || path == "" || e.Getenv(spec.Name) != "" {
			continue
		}
		warnings = append(warnings, warningsOf(spec.Name+"_FILE", path)...)
	}
	if e.File != "" && holdsSecrets(e.File) {
		warnings = append(warnings, warningsOf("--env-file", e.File)...)
	}
	return warnings
}

// warningsOf says who else can get at a file.
func warningsOf(named, path string) []string {
	info, err := os.Stat(path)
	if err != nil {
		return nil // The reading itself has told.
	}
	switch mode := info.Mode().Perm(); {
	case mode&0o002 != 0:
		return []string{fmt.Sprintf("%s names a file that everybody on this machine may write (mode %#o)", named, mode)}
	case mode&0o004 != 0 && !mountedReadOnly(path):
		return []string{fmt.Sprintf("%s names a file that everybody on this machine may read (mode %#o)", named, mode)}
	}
	return nil
}

// holdsSecrets reports whether a file of settings sets a secret, or says where one
// comes from.
func holdsSecrets(path string) bool {
	variables, err := ReadFile(path)
	if err != nil {
		return false // The reading itself has told.
	}
	return slices.ContainsFunc(settings.Specs(), func(spec settings.Spec) bool {
		return spec.Secret != "" && variables[spec.Name]+variables[spec.Name+"_FILE"]+variables[spec.Name+"_CMD"] != ""
	})
}

func mountedReadOnly(path string) bool {
	var mount syscall.Statfs_t
	return syscall.Statfs(path, &mount) == nil && mount.Flags&readOnlyMount != 0
}
