package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"time"
)

// result is what came of a storm; it is also written for machines.
type result struct {
	Seed        uint64         `json:"seed"`
	Minutes     float64        `json:"minutes"`
	Again       string         `json:"again"`
	Folder      string         `json:"folder,omitempty"`
	Records     int            `json:"records"`
	Acts        int            `json:"acts"`
	ActsAfter   int            `json:"acts_after_the_storm"`
	Events      int            `json:"events"`
	Kills       int            `json:"kills"`
	Terms15     int            `json:"sigterms"`
	Stops       int            `json:"sigstops"`
	Starts      int            `json:"starts"`
	Restarts    int            `json:"database_restarts"`
	Faults      map[string]int `json:"faults"`
	Healing     time.Duration  `json:"healing_ns"`
	Seconds     float64        `json:"healing_seconds"`
	Left        open           `json:"left"`
	Waiting     []string       `json:"waiting,omitempty"`
	Differences []difference   `json:"differences"`
	Terms       terms          `json:"terms"`
	Machine     string         `json:"machine"`
	OK          bool           `json:"ok"`
	Error       string         `json:"error,omitempty"`
}

// difference is one thing that ended otherwise.
type difference struct {
	What  string `json:"what"`
	Peace string `json:"peace"`
	Storm string `json:"storm"`
}

// differing lists what is otherwise in another run.
func (f facts) differing(got facts) []difference {
	var differences []difference
	names := maps.Clone(f)
	maps.Copy(names, got)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		want, wanted := f[name]
		found, there := got[name]
		if want != found || wanted != there {
			differences = append(differences, difference{name, orNothing(want, wanted), orNothing(found, there)})
		}
	}
	return differences
}

func orNothing(text string, there bool) string {
	if !there {
		return "nothing"
	}
	return text
}

var errDiffers = errors.New("the storm did not end as peace did")

// report prints what came of it, writes it for machines, and keeps the folder when
// something is to be looked at.
func (r *result) report(out io.Writer, o options, failed error) error {
	r.Seconds, r.OK = r.Healing.Seconds(), failed == nil && len(r.Differences) == 0 && r.Left.none()
	r.Machine = fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	if failed != nil {
		r.Error = failed.Error()
	}
	for _, d := range r.Differences {
		fmt.Fprintf(out, "- %s\n    in peace: %s\n    in storm: %s\n", d.What, d.Peace, d.Storm)
	}
	if !r.Left.none() {
		fmt.Fprintf(out, "- still open: %d deliveries, %d dead letters, %d jobs\n", r.Left.Deliveries, r.Left.Dead, r.Left.Jobs)
		for _, line := range r.Waiting {
			fmt.Fprintln(out, "    ", line)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Faults)) {
		fmt.Fprintf(out, "  %-50s %d\n", kind, r.Faults[kind])
	}
	fmt.Fprintf(out, "storm: seed %d: %d acts, %d webhooks, %d kills, %d SIGTERM, %d SIGSTOP, %d database restarts, healed in %.0f s, %d differences\n",
		r.Seed, r.Acts, r.Events, r.Kills, r.Terms15, r.Stops, r.Restarts, r.Seconds, len(r.Differences))
	return errors.Join(r.keep(out, o), r.verdict())
}

func (r *result) verdict() error {
	if r.OK {
		return nil
	}
	return fmt.Errorf("%w; repeat it with: %s", errDiffers, r.Again)
}

func (r *result) keep(out io.Writer, o options) error {
	if err := write(o.Result, r); err != nil {
		return err
	}
	if !r.OK || o.Keep {
		fmt.Fprintf(out, "storm: logs, database and both ends are kept in %s\n", r.Folder)
		return nil
	}
	return os.RemoveAll(r.Folder)
}

func encode(value any) ([]byte, error) { return json.MarshalIndent(value, "", "  ") }
