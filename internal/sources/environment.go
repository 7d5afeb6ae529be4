// Package sources is where settings come from besides Odoo: the environment, files of
// secrets and of settings, the output of commands, and Supabase Vault.
package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// Environment supplies the process's environment, and of secrets the files that
// X_FILE variables name and what the commands in X_CMD variables print.
type Environment struct {
	// Getenv reads a variable; os.Getenv outside tests.
	Getenv func(string) string
	// File is the file of settings that Getenv reads besides; empty for none.
	File string
}

const (
	// maxSecret is more than any secret has; a file or an output beyond it is
	// something else.
	maxSecret = 64 << 10
	// commandWithin is how long a command may take to print a secret. A keychain
	// that asks a person never answers on a server.
	commandWithin = 10 * time.Second
)

// Lookup prefers the variable itself over its file, and that over its command.
func (e Environment) Lookup(ctx context.Context, spec settings.Spec) (string, bool, error) {
	if value, err := settings.Clean(spec, e.Getenv(spec.Name)); value != "" || err != nil {
		return value, err == nil, err
	}
	path, command := e.Getenv(spec.Name+"_FILE"), e.Getenv(spec.Name+"_CMD")
	switch {
	case spec.Secret == "" && (path != "" || command != ""):
		return "", false, fmt.Errorf("%s_FILE or %s_CMD is set, but only secrets are read from files and commands: set %s itself", spec.Name, spec.Name, spec.Name)
	case path != "":
		content, err := readFile(path)
		return present(spec, spec.Name+"_FILE names a file that", content, err)
	case command != "":
		content, err := output(ctx, command)
		return present(spec, spec.Name+"_CMD is a command whose output", content, err)
	}
	return "", false, nil
}

// present is the value in what has to hold one once it is named.
func present(spec settings.Spec, what string, content []byte, err error) (string, bool, error) {
	value := ""
	if err == nil {
		value, err = settings.Clean(spec, string(content))
	}
	if err == nil && value == "" {
		err = errors.New("is empty")
	}
	if err != nil {
		return "", false, fmt.Errorf("%s %w", what, err)
	}
	return value, true, nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		// The path may be the secret itself, put into the wrong variable.
		return nil, fmt.Errorf("cannot be read: %w", errors.Unwrap(err))
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("is no regular file")
	}
	content, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot be read: %w", errors.Unwrap(err))
	case len(content) > maxSecret:
		return nil, errors.New("is too large for a secret")
	}
	return content, nil
}

// output is what a command prints. What it says on its standard error may hold
// the secret, so that is not told.
func output(ctx context.Context, command string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	shell := exec.CommandContext(ctx, "/bin/sh", "-c", command) //nolint:gosec // the operator gives the command
	shell.WaitDelay = time.Second
	var printed limited
	shell.Stdout = &printed
	err := shell.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("was not there within %s", commandWithin)
	case errors.Is(err, errTooLarge) || printed.over:
		return nil, errors.New("is too large for a secret")
	case errors.As(err, &exit):
		return nil, fmt.Errorf("cannot be had, because it failed: %s", exit.ProcessState)
	case err != nil:
		return nil, errors.New("cannot be had, because there is no /bin/sh here")
	}
	return printed.text, nil
}

var errTooLarge = errors.New("too large")

// limited keeps an output up to the size that a secret may have.
type limited struct {
	text []byte
	over bool
}

// Write fails beyond the limit, which ends the command.
func (l *limited) Write(more []byte) (int, error) {
	if l.over = len(l.text)+len(more) > maxSecret; l.over {
		return 0, errTooLarge
	}
	l.text = append(l.text, more...)
	return len(more), nil
}
