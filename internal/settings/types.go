package settings

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Every type here says in its error what is expected and never what it got: a
// secret pasted into the wrong variable must not end up in a log.

// Secret is a value that prints as redacted, however it is printed.
type Secret string

const redacted = "[redacted]"

// Reveal returns the value itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String keeps a secret out of fmt's verbs.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString keeps a secret out of %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue keeps a secret out of slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps a secret out of JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the value.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}

// Address is host:port to listen on; the host may be empty for all interfaces.
type Address string

// UnmarshalText checks that there is a port.
func (a *Address) UnmarshalText(text []byte) error {
	_, port, err := net.SplitHostPort(string(text))
	if err != nil {
		return errors.New("expected host:port, such as :8080 or 127.0.0.1:9090")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n > 65535 {
		return errors.New("expected a port number from 0 to 65535 after the colon")
	}
	*a = Address(text)
	return nil
}

// WebURL is an http or https address, with or without a path and a trailing
// slash.
type WebURL string

// String is the address as it was set.
func (u WebURL) String() string { return string(u) }

// UnmarshalText checks scheme and host, and refuses what would get lost or leak
// when a path is put behind it: credentials, a query, a fragment.
func (u *WebURL) UnmarshalText(text []byte) error {
	parsed, err := url.Parse(string(text))
	switch {
	case strings.HasPrefix(string(text), "http") && strings.ContainsAny(string(text), "?#"):
		return errors.New("expected an address without ? and # and what follows them")
	case err != nil || parsed.Hostname() == "" || (parsed.Scheme != "http" && parsed.Scheme != "https"):
		return errors.New("expected an address that begins with http:// or https://")
	case parsed.User != nil:
		return errors.New("expected an address without user and password in it")
	case strings.ContainsAny(string(text), " \\") || strings.HasPrefix(parsed.Hostname(), "."):
		return errors.New("expected the name of a host after http:// or https://")
	case !isPort(parsed.Port()) && parsed.Port() != "":
		return errors.New("expected a port from 1 to 65535 in the address")
	}
	*u = WebURL(text)
	return nil
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// appURL derives where people open Plane. The cloud serves its API under a host
// of its own; a self-hosted server serves both under one.
func appURL(base WebURL) string {
	app := strings.TrimSuffix(strings.TrimRight(base.String(), "/"), "/api/v1")
	if parsed, err := url.Parse(app); err == nil && parsed.Host == "api.plane.so" {
		return "https://app.plane.so"
	}
	return strings.TrimRight(app, "/")
}

// Slug is a Plane workspace's short name, as it stands in its addresses.
type Slug string

// UnmarshalText refuses what cannot stand in an address.
func (s *Slug) UnmarshalText(text []byte) error {
	if strings.Trim(string(text), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" || len(text) == 0 {
		return errors.New("expected the workspace's slug: letters, digits, - and _")
	}
	*s = Slug(text)
	return nil
}

// Count is a whole number of at least one.
type Count int

// UnmarshalText checks the range.
func (c *Count) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > 100 {
		return errors.New("expected a whole number from 1 to 100")
	}
	*c = Count(n)
	return nil
}

// Share is a part of a whole, from 0 to 1.
type Share float64

// UnmarshalText checks the range.
func (s *Share) UnmarshalText(text []byte) error {
	share, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(share >= 0 && share <= 1) || strings.ContainsAny(string(text), "xX") {
		return errors.New("expected a share from 0 to 1, such as 0.2")
	}
	*s = Share(share)
	return nil
}

// Schedule is a cron expression of five fields; CRON_TZ= may stand before it and
// @every, @hourly and @daily work.
type Schedule struct {
	expression string
	cron.Schedule
}

// String is the expression as it was set.
func (s Schedule) String() string { return s.expression }

// UnmarshalText parses the expression, and refuses one that never fires or that
// the library would take for another: it makes a second of every shorter time.
func (s *Schedule) UnmarshalText(text []byte) error {
	expression := string(text)
	// The library expects a blank behind the zone, and panics without.
	zoned := strings.HasPrefix(expression, "CRON_TZ=") || strings.HasPrefix(expression, "TZ=")
	if zoned && !strings.Contains(expression, " ") {
		return errSchedule
	}
	if every, found := strings.CutPrefix(expression, "@every "); found {
		if d, err := time.ParseDuration(strings.TrimSpace(every)); err != nil || d < time.Second {
			return errors.New("expected a length of time of at least a second after @every, such as @every 15m")
		}
	}
	parsed, err := cron.ParseStandard(expression)
	if err != nil {
		return errSchedule
	}
	if parsed.Next(time.Now()).IsZero() {
		return errors.New("names a time that never comes, such as 30 February")
	}
	*s = Schedule{expression: string(text), Schedule: parsed}
	return nil
}

var errSchedule = errors.New("expected a cron expression of five fields, such as */15 * * * *")

// Zone is a time zone by its name in the tz database.
type Zone struct{ location *time.Location }

// Location is the zone; UTC when none was read.
func (z Zone) Location() *time.Location {
	if z.location == nil {
		return time.UTC
	}
	return z.location
}

// UnmarshalText looks the name up.
func (z *Zone) UnmarshalText(text []byte) error {
	location, err := time.LoadLocation(string(text))
	if err != nil || len(text) == 0 {
		return errors.New("expected a time zone's name, such as Asia/Manila")
	}
	z.location = location
	return nil
}

// Period is a length of time of at least a minute.
type Period time.Duration

// UnmarshalText parses Go's notation.
func (p *Period) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil || d < time.Minute {
		return errors.New("expected a length of time of at least a minute, such as 168h or 30m")
	}
	*p = Period(d)
	return nil
}

// Duration is the period for package time.
func (p Period) Duration() time.Duration { return time.Duration(p) }

// LogLevel is debug, info, warn or error.
type LogLevel slog.Level

// UnmarshalText parses the name.
func (l *LogLevel) UnmarshalText(text []byte) error {
	if err := (*slog.Level)(l).UnmarshalText(text); err != nil {
		return errors.New("expected debug, info, warn or error")
	}
	return nil
}

// Protocol is how the bridge talks to Odoo.
type Protocol string

// UnmarshalText takes one of the names.
func (p *Protocol) UnmarshalText(text []byte) error {
	return oneOf((*string)(p), text, "auto", "jsonrpc", "xmlrpc", "json2")
}

// PlaneAuth is how the bridge signs in to Plane.
type PlaneAuth string

// UnmarshalText takes one of the names.
func (p *PlaneAuth) UnmarshalText(text []byte) error {
	return oneOf((*string)(p), text, "api_key", "bot")
}

// MCPMode is how an MCP client reaches Plane, or auto to go by Plane's address.
type MCPMode string

// UnmarshalText takes one of the names.
func (m *MCPMode) UnmarshalText(text []byte) error {
	return oneOf((*string)(m), text, "auto", "remote-oauth", "remote-api-key", "stdio")
}

// Networks are networks in CIDR notation, parted by commas.
type Networks []*net.IPNet

// UnmarshalText parses each. A single address is a network of one.
func (n *Networks) UnmarshalText(text []byte) error {
	var parsed Networks
	for part := range strings.SplitSeq(string(text), ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			address, addressErr := netip.ParseAddr(strings.TrimSpace(part))
			if addressErr != nil {
				return errors.New("expected networks in CIDR notation, parted by commas, such as 10.0.0.0/8,192.168.1.5")
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		parsed = append(parsed, &net.IPNet{IP: prefix.Masked().Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())})
	}
	*n = parsed
	return nil
}

// DriftPolicy is put_back or report.
type DriftPolicy string

// UnmarshalText takes one of the names.
func (p *DriftPolicy) UnmarshalText(text []byte) error {
	return oneOf((*string)(p), text, "put_back", "report")
}

// SecretsSource says where secrets come from besides the environment and files.
type SecretsSource string

// UnmarshalText takes one of the names.
func (s *SecretsSource) UnmarshalText(text []byte) error {
	return oneOf((*string)(s), text, "environment", "vault")
}

// LogFormat is json or text; empty means text on a terminal and json elsewhere.
type LogFormat string

// UnmarshalText takes one of the names.
func (f *LogFormat) UnmarshalText(text []byte) error {
	return oneOf((*string)(f), text, "json", "text")
}

func oneOf(target *string, text []byte, names ...string) error {
	for _, name := range names {
		if string(text) == name {
			*target = name
			return nil
		}
	}
	return errors.New("expected one of: " + strings.Join(names, ", "))
}
