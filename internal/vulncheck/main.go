// Command vulncheck judges what govulncheck found: it fails on every known
// vulnerability that the program reaches and that no excuse covers.
//
//	govulncheck -format json ./... | vulncheck tools/vuln/excused.yaml
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "vulncheck: expected the file of excuses, and govulncheck's JSON on the standard input")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Stdin, os.Stdout, time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, "vulncheck:", err)
		os.Exit(1)
	}
}

// check prints what is excused and returns what is not.
func check(path string, findings io.Reader, out io.Writer, now time.Time) error {
	excuses, err := readExcuses(path)
	if err != nil {
		return err
	}
	report, err := readReport(findings)
	if err != nil {
		return fmt.Errorf("reading what govulncheck found: %w", err)
	}
	if report.goVersion == "" {
		return errors.New("govulncheck reported nothing; it did not run")
	}
	var faults []error
	for _, reached := range report.reached() {
		excuse, excused := excuses[reached.id]
		delete(excuses, reached.id)
		switch {
		case !excused:
			faults = append(faults, errors.New(reached.String()))
		case !excuse.covers(now):
			faults = append(faults, fmt.Errorf("%s\n  its excuse ended on %s: look at it again", reached, excuse.Until))
		default:
			fmt.Fprintf(out, "excused until %s: %s: %s\n", excuse.Until, reached.id, excuse.Reason)
		}
	}
	for id := range excuses {
		faults = append(faults, fmt.Errorf("%s: the program does not reach it: take its excuse out of %s", id, path))
	}
	if len(faults) == 0 {
		fmt.Fprintf(out, "%s: no other known vulnerability is reached\n", report.goVersion)
	}
	return errors.Join(faults...)
}
