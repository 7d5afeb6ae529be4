package main

import (
	"fmt"
	"io"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/check"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
)

type checkCommand struct {
	JSON               bool `help:"Print JSON."`
	AcceptPlaneAddress bool `help:"Accept that secrets go to the address of Plane that Odoo's parameters name."`
}

// Run looks at everything the bridge depends on and changes nothing.
func (c *checkCommand) Run(p *process) error {
	a, err := p.build(check.Needs)
	if err != nil {
		return err
	}
	defer a.Close()
	findings := check.All(p.ctx, a, check.Options{AcceptPlaneAddress: c.AcceptPlaneAddress})
	if c.JSON {
		err = printJSON(p.stdout, findings)
	} else {
		err = printFindings(p.stdout, findings)
	}
	if err != nil {
		return err
	}
	if failed := bridge.CountGrade(findings, bridge.GradeFail); failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(findings))
	}
	return nil
}

func printFindings(w io.Writer, findings []bridge.Finding) error {
	var rows [][]any
	for _, finding := range findings {
		rows = append(rows, []any{finding.Grade, finding.Name, finding.Found})
		if finding.Do != "" {
			rows = append(rows, []any{"", "", "-> " + finding.Do})
		}
	}
	return terminal.Table(w, rows)
}
