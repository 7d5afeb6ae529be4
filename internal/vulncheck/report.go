package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// report is the part of govulncheck's output that is judged.
type report struct {
	goVersion string
	summaries map[string]string
	findings  []finding
}

// message is one value of the stream that govulncheck writes.
type message struct {
	Config *struct {
		GoVersion string `json:"go_version"`
	} `json:"config"`
	OSV *struct {
		ID      string `json:"id"`
		Summary string `json:"summary"`
	} `json:"osv"`
	Finding *finding `json:"finding"`
}

// finding is one way to a vulnerability. Its first frame is the vulnerable
// function; it names none where only the module or the package is imported.
type finding struct {
	OSV          string  `json:"osv"`
	FixedVersion string  `json:"fixed_version"`
	Trace        []frame `json:"trace"`
}

type frame struct {
	Module   string `json:"module"`
	Version  string `json:"version"`
	Package  string `json:"package"`
	Function string `json:"function"`
	Position *struct {
		Filename string `json:"filename"`
		Line     int    `json:"line"`
	} `json:"position"`
}

func readReport(from io.Reader) (report, error) {
	r := report{summaries: make(map[string]string)}
	stream := json.NewDecoder(from)
	for {
		var next message
		err := stream.Decode(&next)
		if errors.Is(err, io.EOF) {
			return r, nil
		}
		if err != nil {
			return r, err
		}
		switch {
		case next.Config != nil:
			r.goVersion = next.Config.GoVersion
		case next.OSV != nil:
			r.summaries[next.OSV.ID] = next.OSV.Summary
		case next.Finding != nil:
			r.findings = append(r.findings, *next.Finding)
		}
	}
}

// reached is a vulnerability whose function the program calls.
type reached struct {
	id, summary string
	finding     finding
}

// reached are the vulnerabilities that are called, each once, in the order of
// their ids.
func (r report) reached() []reached {
	found := make(map[string]reached)
	for _, one := range r.findings {
		if _, known := found[one.OSV]; !known && len(one.Trace) > 0 && one.Trace[0].Function != "" {
			found[one.OSV] = reached{one.OSV, r.summaries[one.OSV], one}
		}
	}
	var all []reached
	for _, one := range found {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b reached) int { return strings.Compare(a.id, b.id) })
	return all
}

// String says what is vulnerable, from where it is called and what mends it.
func (r reached) String() string {
	vulnerable, caller := r.finding.Trace[0], r.finding.Trace[len(r.finding.Trace)-1]
	mended := "no version mends it"
	if r.finding.FixedVersion != "" {
		mended = "mended in " + r.finding.FixedVersion
	}
	at := caller.Package
	if caller.Position != nil {
		at = fmt.Sprintf("%s:%d", caller.Position.Filename, caller.Position.Line)
	}
	return fmt.Sprintf("%s: %s\n  %s@%s, %s.%s, called from %s; %s",
		r.id, r.summary, vulnerable.Module, vulnerable.Version, vulnerable.Package, vulnerable.Function, at, mended)
}
