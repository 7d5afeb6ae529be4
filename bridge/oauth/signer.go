package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// settleTime is how long a new token stands before a 401 makes it be replaced as
// well: a server that refuses every token must not be asked for one per request.
const settleTime = time.Minute

// Signer signs requests with the token of one grant. It is a plane.Auth, and its
// HTTPClient renews a token that Plane refuses. All of a process share one.
type Signer struct {
	keeper *Keeper
	whose  string
	find   func(ctx context.Context, app App) (grants.Grant, bool, error)

	mu     sync.Mutex
	cached grants.Held
}

// Bot returns the signer of what the bridge does by itself: the app's installation
// in the workspace that is set.
func (k *Keeper) Bot() *Signer {
	return &Signer{keeper: k, whose: "the bot", find: func(ctx context.Context, app App) (grants.Grant, bool, error) {
		return grants.In(k.pool).Bot(ctx, app.server(), app.Workspace)
	}}
}

// User returns the signer of what is done in a person's name. The person, named by
// the id in Plane, has to have consented.
func (k *Keeper) User(id string) *Signer {
	return &Signer{keeper: k, whose: "user " + id, find: func(ctx context.Context, app App) (grants.Grant, bool, error) {
		return grants.In(k.pool).User(ctx, app.server(), app.Workspace, id)
	}}
}

// Format hides the token from every verb of fmt.
func (s *Signer) Format(w fmt.State, _ rune) {
	_, _ = io.WriteString(w, "token of "+s.whose+" [redacted]")
}

// Authorize adds the token, renewed if it is about to end. Without a grant it
// fails with an error that matches bridge.ErrKeyMissing.
func (s *Signer) Authorize(ctx context.Context, r *http.Request) error {
	token, err := s.token(ctx)
	if err != nil {
		return &noTokenError{s.whose, err}
	}
	r.Header.Set("Authorization", "Bearer "+token.AccessToken)
	return nil
}

// noTokenError says that a request was not sent, because there is no token for it.
type noTokenError struct {
	whose string
	cause error
}

func (e *noTokenError) Error() string {
	return fmt.Sprintf("getting the token of %s: %v", e.whose, e.cause)
}

// Unwrap returns the cause.
func (e *noTokenError) Unwrap() error { return e.cause }

// token returns the cached token while it is neither due nor for another server
// than the one that is set now.
func (s *Signer) token(ctx context.Context) (grants.Held, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, now := s.keeper.app(), s.keeper.now()
	if c := s.cached; c.AccessToken != "" && c.Server == app.server() && c.Workspace == app.Workspace && c.Alive(now) && !c.Due(now) {
		return c, nil
	}
	current, err := s.load(ctx, app)
	if err == nil && current.Due(now) {
		current, err = s.renewIfDue(ctx, current)
	}
	if err == nil && !current.Alive(now) {
		err = ended(current)
	}
	if err != nil {
		return grants.Held{}, err
	}
	s.cached = current
	return current, nil
}

func (s *Signer) load(ctx context.Context, app App) (grants.Held, error) {
	box, err := app.box()
	if err != nil {
		return grants.Held{}, err
	}
	row, found, err := s.find(ctx, app)
	if err != nil {
		return grants.Held{}, err
	}
	if !found {
		return grants.Held{}, fmt.Errorf("%w: no grant is stored for %s in workspace %s; run `odoo-plane-bridge oauth install`", bridge.ErrKeyMissing, s.whose, app.Workspace)
	}
	return s.keeper.open(ctx, box, row)
}

// renewIfDue goes on with a token that is still good when renewing fails.
func (s *Signer) renewIfDue(ctx context.Context, current grants.Held) (grants.Held, error) {
	now := s.keeper.now()
	fresh, err := s.keeper.renew(ctx, current.Key, !current.Alive(now), s.keeper.isDue)
	switch {
	case err == nil:
		return fresh, nil
	case !current.Alive(now):
		return grants.Held{}, err
	case !errors.Is(err, errBusy):
		s.keeper.logger.WarnContext(ctx, "a token was not renewed; it is used while it lasts",
			slog.String("of", s.whose), slog.Any("error", err), slog.Any("expires", current.ExpiresAt))
	}
	return current, nil
}

func ended(g grants.Held) error {
	why := "nobody has renewed it"
	if g.LastError != nil {
		why = *g.LastError
	}
	return fmt.Errorf("the token of %s %s has ended and there is no new one: %s", g.Kind, g.Subject, why)
}

// replace returns a token other than the refused one: another replica's, or a
// new one. It returns the same again when that one is too young to be replaced.
func (s *Signer) replace(ctx context.Context, refused string) (grants.Held, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	current, err := s.load(ctx, s.keeper.app())
	if err != nil {
		return grants.Held{}, err
	}
	needed := func(h grants.Held) bool {
		return h.AccessToken == refused && s.keeper.now().Sub(h.ObtainedAt) >= settleTime && (h.LastErrorAt == nil || s.keeper.isDue(h))
	}
	if needed(current) {
		if current, err = s.keeper.renew(ctx, current.Key, true, needed); err != nil {
			return grants.Held{}, err
		}
	}
	s.cached = current
	return current, nil
}

// HTTPClient returns the client that the signer's requests go through. It answers
// a 401, which Plane gives to a token that was revoked before its end, by one
// renewal and one more try. A 401 was not worked on, so repeating is safe whatever
// the request.
func (s *Signer) HTTPClient() *http.Client {
	own := http.Client{Timeout: plane.DefaultTimeout}
	if s.keeper.http != nil {
		own = *s.keeper.http
	}
	if own.Transport == nil {
		own.Transport = http.DefaultTransport
	}
	own.Transport = renewing{s, own.Transport}
	return &own
}

type renewing struct {
	signer *Signer
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t renewing) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	used, signed := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if err != nil || res.StatusCode != http.StatusUnauthorized || !signed || (r.Body != nil && r.GetBody == nil) {
		return res, err
	}
	fresh, renewErr := t.signer.replace(r.Context(), used)
	if renewErr != nil || fresh.AccessToken == used {
		t.signer.keeper.logger.WarnContext(r.Context(), "Plane refuses a token, and there is no other", slog.String("of", t.signer.whose), slog.Any("error", renewErr))
		return res, nil
	}
	again := r.Clone(r.Context())
	again.Header.Set("Authorization", "Bearer "+fresh.AccessToken)
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return res, nil //nolint:nilerr // The first answer stands; the body cannot be sent again.
		}
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16)) // Lets the connection be used again; if it fails it is closed.
	if err := res.Body.Close(); err != nil {
		return nil, fmt.Errorf("closing a refused answer: %w", err)
	}
	return t.next.RoundTrip(again)
}
