package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

const (
	// parametersWithin is how long a start waits for Odoo's system parameters: a
	// server that is away must not hold it up.
	parametersWithin = 5 * time.Second
	// refusedFor is how long a refusal holds before the parameters are asked for
	// again. Odoo logs a warning at each refusal.
	refusedFor = time.Hour
)

// OdooParameters supplies the settings that may stand in Odoo's
// ir.config_parameter and are set nowhere else, in one call per reading. Only
// users with Settings rights may read them; a user of least privilege may not,
// and that is no fault. What was read once stays in force while Odoo is away.
//
// It owns the one Odoo client of the process, so that its user signs in once.
type OdooParameters struct {
	logger func(settings.Settings) *slog.Logger

	mu     sync.Mutex
	access odooAccess
	client *odoo.Client
	values map[string]string
	state  ParametersState
	// open are the settings that nothing before Odoo has.
	open    []string
	refused time.Time
}

var _ settings.Preparer = (*OdooParameters)(nil)

// odooAccess is what a client is made from.
type odooAccess struct {
	url, database, login, secret, protocol string
	inFlight                               int
}

// ParametersState is what became of the last attempt to read the parameters.
type ParametersState struct {
	Kind ParametersKind
	// Err is why they could not be read.
	Err error
}

// ParametersKind says how an attempt ended.
type ParametersKind string

// The ways in which an attempt ends.
const (
	ParametersNotNeeded ParametersKind = "not needed"
	ParametersRead      ParametersKind = "read"
	ParametersRefused   ParametersKind = "refused"
	ParametersAway      ParametersKind = "away"
)

// FromOdooParameters names the source in messages.
const FromOdooParameters = "Odoo's ir.config_parameter"

// String names the source in messages.
func (p *OdooParameters) String() string { return FromOdooParameters }

// Prepare reads the parameters.
//
// A server that is away is no fault: the needs of a command say what is missing.
func (p *OdooParameters) Prepare(ctx context.Context, known settings.Settings, open []settings.Spec) error {
	keys := p.begin(open)
	if len(keys) == 0 || settings.Odoo(known) != nil {
		p.end(nil, ParametersState{Kind: ParametersNotNeeded})
		return nil
	}
	client, err := p.clientFor(known)
	if err != nil {
		p.end(nil, ParametersState{ParametersAway, err})
		return nil
	}
	if p.refusedLately() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, parametersWithin)
	defer cancel()
	values, err := client.Params(ctx, keys...)
	switch {
	case err == nil:
		p.end(values, ParametersState{Kind: ParametersRead})
	case errors.Is(err, odoo.ErrAccess):
		p.end(nil, ParametersState{ParametersRefused, err})
	default:
		p.end(nil, ParametersState{ParametersAway, err})
	}
	return nil
}

// begin notes which settings are left to Odoo and returns their keys.
func (p *OdooParameters) begin(open []settings.Spec) (keys []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = nil
	for _, spec := range open {
		if spec.OdooKey != "" {
			keys, p.open = append(keys, spec.OdooKey), append(p.open, spec.Name)
		}
	}
	return keys
}

func (p *OdooParameters) end(values map[string]string, state ParametersState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = state
	switch state.Kind {
	case ParametersRead:
		p.values = values
	case ParametersRefused:
		p.refused = time.Now()
	case ParametersNotNeeded, ParametersAway:
	}
}

func (p *OdooParameters) refusedLately() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state.Kind == ParametersRefused && time.Since(p.refused) < refusedFor
}

// Lookup answers from what Prepare read.
func (p *OdooParameters) Lookup(_ context.Context, spec settings.Spec) (string, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	raw, found := p.values[spec.OdooKey]
	if !found || spec.OdooKey == "" {
		return "", false, nil
	}
	value, err := settings.Clean(spec, raw)
	return value, value != "", err
}

// State is what became of the last attempt.
func (p *OdooParameters) State() ParametersState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// unknown fails while one of the settings may stand in Odoo and Odoo could not
// be asked yet. The default may be the wrong server then, and no key of ours
// should go there.
func (p *OdooParameters) unknown(names ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.Kind != ParametersAway || p.values != nil {
		return nil
	}
	for _, name := range names {
		if slices.Contains(p.open, name) {
			return fmt.Errorf("%w: %s is not known yet: nothing sets it here, and Odoo, whose system parameters may, could not be asked: %w",
				bridge.ErrKeyMissing, name, p.state.Err)
		}
	}
	return nil
}

// clientFor is the process's client for the Odoo that the settings name.
func (p *OdooParameters) clientFor(s settings.Settings) (*odoo.Client, error) {
	access := odooAccess{
		s.OdooURL.String(), s.OdooDB, s.OdooLogin, s.OdooPassword.Reveal(), string(s.OdooProtocol), int(s.OdooMaxInFlight),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client != nil && p.access == access {
		return p.client, nil
	}
	client, err := NewOdooClient(s, p.logger(s))
	if err == nil {
		p.access, p.client, p.refused = access, client, time.Time{}
	}
	return client, err
}

// NewOdooClient is a client for the Odoo that the settings name.
func NewOdooClient(s settings.Settings, logger *slog.Logger) (*odoo.Client, error) {
	return odoo.New(odoo.Config{
		URL: s.OdooURL.String(), Database: s.OdooDB, Login: s.OdooLogin, Secret: s.OdooPassword.Reveal(),
		Protocol: odoo.Protocol(s.OdooProtocol), MaxInFlight: int(s.OdooMaxInFlight), Logger: logger,
	})
}

// parametersOf finds Odoo's parameters among the sources of the settings.
func parametersOf(live *settings.Live, logger *slog.Logger) *OdooParameters {
	for _, source := range live.Sources() {
		if parameters, found := source.(*OdooParameters); found {
			return parameters
		}
	}
	return &OdooParameters{logger: func(settings.Settings) *slog.Logger { return logger }}
}
