package settings

import (
	"fmt"
	"os"
	"syscall"
)

// readOnlyMount is ST_RDONLY: containers mount secrets so, with modes that let
// everybody in the container read them.
const readOnlyMount = 0x1

// FileWarnings names the secrets whose files others can write, and those whose
// files everybody on the machine can read. It never tells what is in them.
func (e Environment) FileWarnings() []string {
	var warnings []string
	for _, spec := range Specs() {
		path := e.Getenv(spec.Name + "_FILE")
		if spec.Secret == "" || path == "" || e.Getenv(spec.Name) != "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			continue // The reading itself has told.
		}
		switch mode := info.Mode().Perm(); {
		case mode&0o002 != 0:
			warnings = append(warnings, fmt.Sprintf("%s_FILE names a file that everybody on this machine may write (mode %#o)", spec.Name, mode))
		case mode&0o004 != 0 && !mountedReadOnly(path):
			warnings = append(warnings, fmt.Sprintf("%s_FILE names a file that everybody on this machine may read (mode %#o)", spec.Name, mode))
		}
	}
	return warnings
}

func mountedReadOnly(path string) bool {
	var mount syscall.Statfs_t
	return syscall.Statfs(path, &mount) == nil && mount.Flags&readOnlyMount != 0
}
