package postgres

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
)

// ErrNotInstalled says that PostgreSQL's server programs are nowhere on this
// machine, and what to do about it.
var ErrNotInstalled = errors.New("PostgreSQL is not installed: run scripts/ensure-postgres.sh, " +
	"or set POSTGRES_BIN to the folder that holds initdb and postgres")

// FindPrograms returns the folder of initdb and postgres: POSTGRES_BIN when it
// is set, else the newest version that Debian's packages left, else PATH.
func FindPrograms() (string, error) {
	if dir := os.Getenv("POSTGRES_BIN"); dir != "" {
		if hasPrograms(dir) {
			return dir, nil
		}
		return "", errors.New("POSTGRES_BIN is set, but its folder holds no initdb and postgres")
	}
	packaged, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	sort.Slice(packaged, func(i, j int) bool { return version(packaged[i]) > version(packaged[j]) })
	for _, dir := range packaged {
		if hasPrograms(dir) {
			return dir, nil
		}
	}
	if initdb, err := exec.LookPath("initdb"); err == nil && hasPrograms(filepath.Dir(initdb)) {
		return filepath.Dir(initdb), nil
	}
	return "", ErrNotInstalled
}

func hasPrograms(dir string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(dir, program)); err != nil {
			return false
		}
	}
	return true
}

// version reads N out of /usr/lib/postgresql/N/bin; 0 when there is none.
func version(dir string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	if err != nil {
		return 0
	}
	return n
}
