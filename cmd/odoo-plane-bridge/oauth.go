package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/database"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
)

type oauthCommand struct {
	Install oauthInstallCommand `cmd:"" help:"Print the address at which the Plane app is installed, or register an installation that exists."`
	Status  oauthStatusCommand  `cmd:"" help:"Show what was granted, to whom and until when; never a token."`
	NewKey  oauthNewKeyCommand  `cmd:"" help:"Print a new ENCRYPTION_KEY."`
}

type oauthNewKeyCommand struct{}

// Run prints a key. Nothing is stored.
func (c *oauthNewKeyCommand) Run(p *process) error {
	_, err := terminal.Printf(p.stdout, "%s\n", sealed.NewKey())
	return err
}

type oauthInstallCommand struct {
	AppInstallationID string `help:"Register this installation straight away, without a browser." placeholder:"UUID"`
	JSON              bool   `help:"Print JSON."`
}

// Run begins a consent, or registers a bot.
func (c *oauthInstallCommand) Run(p *process) error {
	a, err := p.oauthApp(needsOAuthApp, func(s settings.Settings) []error {
		return []error{missingIf(c.AppInstallationID == "" && s.PlaneOAuthRedirectURL == "", "PLANE_OAUTH_REDIRECT_URL",
			"set it to the bridge's public address with /oauth/plane/callback behind it, as registered in Plane")}
	})
	if err != nil {
		return err
	}
	defer a.Close()
	if c.AppInstallationID != "" {
		return c.register(p, a)
	}
	consent, err := a.OAuth.Begin(p.ctx, false)
	if err != nil {
		return fmt.Errorf("beginning the installation: %w", err)
	}
	if c.JSON {
		return printJSON(p.stdout, consent)
	}
	_, err = terminal.Printf(p.stdout, "Open this address in a browser, as an admin of workspace %s, before %s:\n\n  %s\n\nPlane then sends the browser to %s, where a running bridge (`serve`) stores the token.\n",
		a.Settings.PlaneWorkspaceSlug, consent.Expires.In(a.Settings.Location()).Format(time.TimeOnly), consent.URL, a.Settings.PlaneOAuthRedirectURL)
	return err
}

func (c *oauthInstallCommand) register(p *process, a *app.App) error {
	granted, err := a.OAuth.RegisterBot(p.ctx, c.AppInstallationID)
	if err != nil {
		return fmt.Errorf("registering installation %s: %w", c.AppInstallationID, err)
	}
	if c.JSON {
		return printJSON(p.stdout, granted)
	}
	_, err = terminal.Printf(p.stdout, "registered: the bot of workspace %s acts as user %s; set PLANE_AUTH=bot to use it\n", granted.Workspace, granted.ActorID)
	return err
}

type oauthStatusCommand struct {
	JSON bool `help:"Print JSON."`
}

// Run shows the grants, and fails when one cannot be used.
func (c *oauthStatusCommand) Run(p *process) error {
	a, err := p.oauthApp(needsEncryptionKey)
	if err != nil {
		return err
	}
	defer a.Close()
	list, err := a.OAuth.Status(p.ctx)
	if err != nil {
		return fmt.Errorf("reading what was granted: %w", err)
	}
	if c.JSON {
		err = printJSON(p.stdout, list)
	} else {
		err = printGrants(p.stdout, list, a.Settings.Location())
	}
	if err != nil {
		return err
	}
	for _, one := range list {
		if !one.Usable() {
			return fmt.Errorf("the grant of %s %s cannot be used", one.Kind, one.ActorID)
		}
	}
	return nil
}

func printGrants(w io.Writer, list []oauth.Status, location *time.Location) error {
	if len(list) == 0 {
		_, err := terminal.Printf(w, "nothing is granted; run `odoo-plane-bridge oauth install`\n")
		return err
	}
	var b strings.Builder
	for _, one := range list {
		terminal.Printf(&b, "%-4s  %s%s in %s: %s\n", one.Kind, one.ActorID, named(one.ActorName), one.Workspace, one.State)
		terminal.Printf(&b, "      until %s, renewed at %s (%d times so far), under the %s key\n",
			moment(one.ExpiresAt, location), moment(one.RenewAt, location), one.Renewals, one.Key)
		for _, line := range advice(one) {
			terminal.Printf(&b, "      -> %s\n", line)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// advice says what to do about a grant that is not as it should be.
func advice(one oauth.Status) []string {
	var lines []string
	if one.LastError != nil {
		lines = append(lines, "the last renewal failed: "+*one.LastError)
	}
	if one.NeedsConsent() {
		lines = append(lines, "Plane takes it no more; run `odoo-plane-bridge oauth install` before it ends")
	}
	switch one.Key {
	case oauth.SealedPrevious:
		lines = append(lines, "the rotation is not over; a running bridge ends it within a minute")
	case oauth.SealedUnknown:
		lines = append(lines, "no key opens it; set ENCRYPTION_KEY_PREVIOUS to the key before, or install again")
	case oauth.SealedCurrent:
	}
	return lines
}

func named(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}

func moment(t *time.Time, location *time.Location) string {
	if t == nil {
		return "never"
	}
	return t.In(location).Format("2006-01-02 15:04 MST")
}

// oauthApp puts an app together for the OAuth commands, whose tables have to be there.
func (p *process) oauthApp(needs ...settings.Need) (*app.App, error) {
	a, err := p.build(append([]settings.Need{settings.Database, settings.OdooIfAny}, needs...)...)
	if err != nil {
		return nil, err
	}
	if err := database.Usable(p.ctx, a.Pool, a.Settings); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func needsEncryptionKey(s settings.Settings) []error {
	fault := missingIf(s.EncryptionKey == "", "ENCRYPTION_KEY", "set it to what `odoo-plane-bridge oauth new-key` prints (ssot/secrets/registry.yaml#encryption_key)")
	if fault != nil {
		return []error{fault}
	}
	if _, err := sealed.NewBox(s.EncryptionKey.Reveal(), s.EncryptionKeyPrevious.Reveal()); err != nil {
		return []error{settings.Fault{Setting: "ENCRYPTION_KEY", Problem: err.Error()}}
	}
	return nil
}

func needsOAuthApp(s settings.Settings) []error {
	return append(needsEncryptionKey(s),
		missingIf(s.PlaneOAuthClientID == "", "PLANE_OAUTH_CLIENT_ID", "set it to the client id of the app, as Plane shows it"),
		missingIf(s.PlaneOAuthClientSecret == "", "PLANE_OAUTH_CLIENT_SECRET",
			"set it to the client secret of the app (ssot/secrets/registry.yaml#plane_oauth_client_secret)"))
}
