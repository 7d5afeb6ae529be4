package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// figures are the result of one measurement.
type figures struct {
	options      options
	started      time.Time
	took         time.Duration
	outcomes     []outcome
	requests     []request
	transactions int64
}

// count is how requests of one side fared.
type count struct{ served, refused int }

func tally(requests []request, from, to time.Time, foreign bool) count {
	var n count
	for _, r := range requests {
		switch {
		case r.foreign != foreign || r.at.Before(from) || !r.at.Before(to):
		case r.status == http.StatusTooManyRequests:
			n.refused++
		default:
			n.served++
		}
	}
	return n
}

// steady are the whole minutes from the second one on: the first starts with an
// empty log, which flatters it, and the last is broken.
func (f figures) steady() (from, to time.Time, minutes int) {
	minutes = max(int(f.took/time.Minute)-1, 0)
	from = f.started.Add(time.Minute)
	return from, from.Add(time.Duration(minutes) * time.Minute), minutes
}

// rates are per minute over the steady minutes; allowed is what the foreign
// client left of the limit.
func (f figures) rates() (achieved, allowed float64, minutes int) {
	from, to, minutes := f.steady()
	if minutes == 0 {
		return 0, 0, 0
	}
	ours, theirs := tally(f.requests, from, to, false), tally(f.requests, from, to, true)
	return float64(ours.served) / float64(minutes), float64(f.options.Limit) - float64(theirs.served)/float64(minutes), minutes
}

func (f figures) lost() (n int64, why string) {
	for _, o := range f.outcomes {
		n += o.Lost
		if o.Error != "" {
			why = o.Error
		}
	}
	return n, why
}

func (f figures) all(foreign bool) count {
	return tally(f.requests, f.started, f.started.Add(f.took+time.Minute), foreign)
}

func (f figures) print(out io.Writer) {
	o, ours, theirs := f.options, f.all(false), f.all(true)
	lost, _ := f.lost()
	fmt.Fprintf(out, "processes %d, workers in each %d, calls %d, limit %d per minute, foreign client %d per minute\n",
		o.Processes, o.Workers, o.Calls, o.Limit, o.Foreign)
	fmt.Fprintf(out, "took %s\n", f.took.Round(100*time.Millisecond))
	fmt.Fprintf(out, "calls lost %d\n", lost)
	fmt.Fprintf(out, "answers 429 to us %d, to the foreign client %d of %d\n", ours.refused, theirs.refused, theirs.served+theirs.refused)
	for i, one := range f.outcomes {
		fmt.Fprintf(out, "process %d served %d\n", i+1, one.Served)
	}
	if achieved, allowed, minutes := f.rates(); minutes > 0 {
		fmt.Fprintf(out, "achieved %.1f of %.1f allowed per minute, %.1f %%, over %d minutes from the second one on\n",
			achieved, allowed, 100*achieved/allowed, minutes)
	}
	fmt.Fprintf(out, "database transactions per call %.1f\n", float64(f.transactions)/float64(max(ours.served, 1)))
}

// verdict is an error when the measurement misses what is asked of the budget:
// no call lost, no 429, and nine tenths of the rate where the key is ours alone.
func (f figures) verdict() error {
	var faults []error
	if lost, why := f.lost(); lost > 0 {
		faults = append(faults, fmt.Errorf("%d calls were lost, one of them by: %s", lost, why))
	}
	if refused := f.all(false).refused; refused > 0 {
		faults = append(faults, fmt.Errorf("%d requests were refused with 429", refused))
	}
	if achieved, allowed, minutes := f.rates(); minutes > 0 && f.options.Foreign == 0 && achieved < 0.9*allowed {
		faults = append(faults, fmt.Errorf("%.1f requests per minute are less than nine tenths of %.1f", achieved, allowed))
	}
	return errors.Join(faults...)
}
