package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/app"
	"github.com/insightpulseai/odoo-plane-bridge/internal/flows"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sources"
	"github.com/insightpulseai/odoo-plane-bridge/internal/terminal"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// odooCommand holds what is set up in Odoo once. It takes an administrator; the
// bridge itself runs with less.
type odooCommand struct {
	SetupPush   setupPushCommand   `cmd:"" help:"Make Odoo tell the bridge of changed records at once, by automation rules."`
	SetupFields setupFieldsCommand `cmd:"" help:"Add the fields to records in Odoo in which the bridge shows the state of each."`
}

// administrator is who sets things up in Odoo.
type administrator struct {
	Login string `help:"Login of a user with Settings rights, whose password or API key is in ODOO_ADMIN_PASSWORD or in the file that ODOO_ADMIN_PASSWORD_FILE names. Without it the bridge's own user is taken." placeholder:"LOGIN"`
}

// client signs in to Odoo as the administrator.
func (a administrator) client(p *process, s settings.Settings) (*odoo.Client, error) {
	if a.Login != "" {
		spec := settings.Spec{Name: "ODOO_ADMIN_PASSWORD", Secret: "odoo_admin_password"}
		password, found, err := settings.One(p.ctx, sources.Environment{Getenv: p.getenv}, spec)
		if err != nil || !found {
			return nil, fmt.Errorf("%w:\n%w", settings.ErrUsage, errors.Join(err, missingIf(!found && err == nil,
				spec.Name, "set it, or ODOO_ADMIN_PASSWORD_FILE, to the password or API key of --login")))
		}
		s.OdooLogin, s.OdooPassword = a.Login, settings.Secret(password)
	}
	client, err := app.NewOdooClient(s, p.around().Logger(s))
	if err != nil {
		return nil, fmt.Errorf("preparing to sign in to Odoo: %w", err)
	}
	return client, nil
}

// adminFailed says what an administrator can do about a failure.
func adminFailed(err error) error {
	switch {
	case errors.Is(err, odoo.ErrAccess):
		return fmt.Errorf("%w\nThis takes a user with Settings rights (Administration / Settings): give --login and ODOO_ADMIN_PASSWORD", err)
	case errors.Is(err, odoo.ErrDenied):
		return fmt.Errorf("%w\nOdoo refused the login or its password; over JSON-2 the secret has to be an API key", err)
	case errors.Is(err, odoo.ErrUnknownModel) && strings.Contains(err.Error(), "base.automation"):
		return fmt.Errorf("%w\nInstall the module Automation Rules (base_automation) in this database first", err)
	default:
		return err
	}
}

type setupPushCommand struct {
	administrator `embed:""`
	URL           string `help:"Where Odoo's server reaches this bridge; BRIDGE_PUBLIC_URL when not given." placeholder:"URL"`
	Remove        bool   `help:"Take the rules away again."`
}

// Run makes or removes the rules of every flow that is on. It may be repeated.
func (c *setupPushCommand) Run(p *process) error {
	s, _, err := p.around().Settings(p.ctx, settings.Odoo)
	if err != nil {
		return err
	}
	if c.Remove {
		return c.remove(p, s)
	}
	address, err := c.address(s)
	if err != nil {
		return err
	}
	client, err := c.client(p, s)
	if err != nil {
		return err
	}
	for _, kind := range app.Kinds(s) {
		if len(kind.Triggers) == 0 {
			continue
		}
		if err := c.install(p, client, kind, address, s.OdooWebhookToken.Reveal()); err != nil {
			return adminFailed(err)
		}
	}
	return nil
}

func (c *setupPushCommand) install(p *process, client *odoo.Client, kind bridge.Kind, address, token string) error {
	present, err := client.PushInstalled(p.ctx, kind.Model)
	if err != nil {
		return err
	}
	rules, err := client.SetupPush(p.ctx, odoo.PushConfig{
		Name: "Plane bridge", Model: kind.Model, TriggerFields: kind.Triggers, URL: address + "?token=" + url.QueryEscape(token),
	})
	if err != nil {
		return err
	}
	what := "made"
	if present {
		what = "brought up to date"
	}
	_, err = terminal.Printf(p.stdout, "automation rules %s in Odoo: %d for changed and %d for deleted records of %s\nthey post to %s (the token goes along)\n",
		what, rules.Changed, rules.Deleted, kind.Model, address)
	return err
}

// remove takes the rules of every flow away, also of one that is off by now.
func (c *setupPushCommand) remove(p *process, s settings.Settings) error {
	client, err := c.client(p, s)
	if err != nil {
		return err
	}
	for _, kind := range flows.Known() {
		removed, err := client.RemovePush(p.ctx, kind.Model)
		if err != nil {
			return adminFailed(err)
		}
		said := "Odoo has no rules of the bridge for %s\n"
		if removed > 0 {
			said = "the bridge's automation rules for %s are removed from Odoo; changes are found by the schedule\n"
		}
		if _, err = terminal.Printf(p.stdout, said, kind.Model); err != nil {
			return err
		}
	}
	return nil
}

// address is where the rules post to, without the token.
func (c *setupPushCommand) address(s settings.Settings) (string, error) {
	if c.URL != "" {
		if err := s.PublicURL.UnmarshalText([]byte(c.URL)); err != nil {
			return "", fmt.Errorf("%w:\n--url: %w", settings.ErrUsage, err)
		}
	}
	err := errors.Join(
		missingIf(s.PublicURL == "", "BRIDGE_PUBLIC_URL", "set it, or give --url: where Odoo's server reaches this bridge, such as http://127.0.0.1:8080"),
		missingIf(s.OdooWebhookToken == "", "ODOO_WEBHOOK_TOKEN", "set it to a long random text (ssot/secrets/registry.yaml#odoo_webhook_token)"),
	)
	if err != nil {
		return "", fmt.Errorf("%w:\n%w", settings.ErrUsage, err)
	}
	return strings.TrimRight(s.PublicURL.String(), "/") + "/api/webhooks/odoo", nil
}

type setupFieldsCommand struct {
	administrator `embed:""`
}

// Run adds the fields that are not there yet. It may be repeated.
func (c *setupFieldsCommand) Run(p *process) error {
	s, _, err := p.around().Settings(p.ctx, settings.Odoo)
	if err != nil {
		return err
	}
	client, err := c.client(p, s)
	if err != nil {
		return err
	}
	for _, kind := range app.Kinds(s) {
		reader, has := kind.New(app.PartsFor(s, client)).(bridge.StatusFieldsReader)
		if !has {
			continue
		}
		if err := addFields(p, client, kind.Model, reader); err != nil {
			return adminFailed(err)
		}
	}
	return nil
}

func addFields(p *process, client *odoo.Client, model string, reader bridge.StatusFieldsReader) error {
	fields, err := reader.StatusFields(p.ctx)
	if err != nil {
		return err
	}
	if len(fields.Missing) == 0 {
		_, err = terminal.Printf(p.stdout, "%s has the fields already: %s\n", model, strings.Join(fields.Present, ", "))
		return err
	}
	added, err := client.SetupFields(p.ctx, model, fields.Missing)
	if err != nil {
		return err
	}
	_, err = terminal.Printf(p.stdout, "added to %s in Odoo: %s\n", model, strings.Join(added, ", "))
	return err
}
