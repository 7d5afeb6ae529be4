// Command bystander runs a command in a shell that describes a prepared
// installation, and fails when the command touched it: by a connection, a
// request, a row, or by needing a port that is taken there.
//
//	go run ./internal/bystander make test
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/insightpulseai/odoo-plane-bridge/internal/environment"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := start(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bystander:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("expected a command to run beside an installation")
	}
	if err := environment.Forget(); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // to run what it is given is its job
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	return beside(ctx, command)
}

// beside runs a command whose environment describes an installation.
func beside(ctx context.Context, command *exec.Cmd) (err error) {
	i, err := prepare(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.close()) }()
	if command.Env == nil {
		command.Env = os.Environ()
	}
	command.Env = append(command.Env, i.variables()...)
	failed := command.Run()
	found, err := i.findings(ctx)
	if err != nil {
		return errors.Join(failed, err)
	}
	if len(found) > 0 {
		err = fmt.Errorf("%s touched the installation: %s", command.Args[0], strings.Join(found, "; "))
	}
	if failed != nil {
		failed = fmt.Errorf("running %s: %w", strings.Join(command.Args, " "), failed)
	}
	return errors.Join(failed, err)
}

// leadOn passes a connection on to the database itself.
func (i *installation) leadOn(ctx context.Context, from net.Conn) {
	defer func() { _ = from.Close() }()
	to, err := new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", i.server.Port()))
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	go func() {
		defer func() { _ = to.Close() }()
		_, _ = io.Copy(to, from)
	}()
	_, _ = io.Copy(from, to)
}
