package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// replica is one serve process, started again whenever it ends, as systemd does.
type replica struct {
	name, binary, url string
	settings          map[string]string
	log               *os.File

	// stopped is set while the process is stopped by SIGSTOP.
	stopped atomic.Bool

	mu      sync.Mutex
	process *os.Process
	starts  int
}

func newReplica(ctx context.Context, binary, dir, name string, settings map[string]string) (*replica, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	own := map[string]string{"LISTEN_ADDR": address, "METRICS_ADDR": "127.0.0.1:0", "INSTANCE_ID": name}
	for key, value := range settings {
		own[key] = value
	}
	return &replica{name: name, binary: binary, url: "http://" + address, settings: own, log: log}, nil
}

func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// keep runs the process again and again until the context ends, then stops it.
func (r *replica) keep(ctx context.Context) {
	// The kernel's signal at the parent's death comes when the starting thread ends.
	runtime.LockOSThread()
	defer r.log.Close()
	for ctx.Err() == nil {
		command := exec.Command(r.binary, "serve") //nolint:noctx // It is ended by a signal, so that it can drain.
		for name, value := range r.settings {
			command.Env = append(command.Env, name+"="+value)
		}
		command.Stdout, command.Stderr = r.log, r.log
		command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := command.Start(); err != nil {
			fmt.Fprintln(r.log, "storm: starting:", err)
			pause(ctx, time.Second)
			continue
		}
		r.mu.Lock()
		r.process = command.Process
		r.starts++
		r.mu.Unlock()
		stop := context.AfterFunc(ctx, func() { r.end() })
		err := command.Wait()
		stop()
		fmt.Fprintln(r.log, "storm: ended:", err)
		pause(ctx, 300*time.Millisecond)
	}
}

// end stops the process for good: by SIGTERM, and by force if that takes too long.
func (r *replica) end() {
	r.signal(syscall.SIGCONT)
	r.signal(syscall.SIGTERM)
	time.AfterFunc(30*time.Second, func() { r.signal(syscall.SIGKILL) })
}

// signal reports whether there was a process to take the signal.
func (r *replica) signal(signal syscall.Signal) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.process != nil && r.process.Signal(signal) == nil
}

func (r *replica) started() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.starts
}
