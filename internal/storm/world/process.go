package world

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/story"
)

// Process is the process with both servers, seen from the storm.
type Process struct {
	Addresses
	command *exec.Cmd
	hold    io.Closer
	client  *http.Client
}

// Start starts the servers as a process of this same program.
func Start(ctx context.Context, setup Setup, log io.Writer) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	how, err := json.Marshal(setup) //nolint:gosec // The secret of a simulated server.
	if err != nil {
		return nil, fmt.Errorf("telling the simulated servers how: %w", err)
	}
	p := &Process{command: exec.CommandContext(ctx, self), client: &http.Client{Timeout: 90 * time.Second}}
	p.command.Env, p.command.Stderr = append(os.Environ(), Variable+"="+string(how)), log
	if p.hold, err = p.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting the simulated servers: %w", err)
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the simulated servers: %w", err)
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the simulated servers: %w", err)
	}
	if err := json.NewDecoder(out).Decode(&p.Addresses); err != nil {
		return nil, errors.Join(fmt.Errorf("hearing from the simulated servers: %w", err), p.Stop())
	}
	return p, nil
}

// Signal sends a signal to the process.
func (p *Process) Signal(signal syscall.Signal) error { return p.command.Process.Signal(signal) }

// Stop ends the process.
func (p *Process) Stop() error {
	_ = p.hold.Close()
	_ = p.command.Process.Kill() // It holds nothing that has to be kept.
	_ = p.command.Wait()
	return nil
}

// Act does one act.
func (p *Process) Act(ctx context.Context, act story.Act) (Done, error) {
	var done Done
	err := p.ask(ctx, http.MethodPost, "/act", act, &done)
	if err == nil && done.Error != "" {
		err = fmt.Errorf("%s of %s: %s", act.Kind, act.Record, done.Error)
	}
	return done, err
}

// State tells how everything stands.
func (p *Process) State(ctx context.Context) (State, error) {
	var state State
	return state, p.ask(ctx, http.MethodGet, "/state", nil, &state)
}

// SlowCreates lets whatever is made in Plane appear that much later than it was checked.
func (p *Process) SlowCreates(ctx context.Context, delay time.Duration) error {
	return p.ask(ctx, http.MethodPost, "/slow", delay, &struct{}{})
}

// Quiesce waits until Plane has sent every webhook.
func (p *Process) Quiesce(ctx context.Context) error {
	return p.ask(ctx, http.MethodPost, "/quiesce", nil, &struct{}{})
}

func (p *Process) ask(ctx context.Context, method, path string, body, into any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("asking the simulated servers for %s: %w", path, err)
	}
	request, err := http.NewRequestWithContext(ctx, method, p.Desk+path, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("asking the simulated servers for %s: %w", path, err)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return fmt.Errorf("asking the simulated servers for %s: %w", path, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking the simulated servers for %s: status %d", path, response.StatusCode)
	}
	numbers := json.NewDecoder(response.Body)
	if err := numbers.Decode(into); err != nil {
		return fmt.Errorf("reading the simulated servers' %s: %w", path, err)
	}
	return nil
}
