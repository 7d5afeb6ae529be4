package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/oauth2"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

const (
	// stateLife is how long a person may take at the consent page.
	stateLife = 10 * time.Minute
	// stateSecret is the length of a state's secret half in bytes; the other half
	// is the id of its row.
	stateSecret = 32
	// probeFor is how long a server that has OAuth apps is believed to have them,
	// so that calls of the install endpoint do not become calls to Plane.
	probeFor = time.Minute
)

// Begin implements bridge.OAuthApp. It fails with *bridge.MissingKeyError when a
// secret is not set, and with *bridge.OAuthRefused when the server has no OAuth.
func (k *Keeper) Begin(ctx context.Context, inBrowser bool) (Consent, error) {
	app := k.app()
	protocol, err := k.ready(app)
	if err != nil {
		return Consent{}, err
	}
	if err := app.mayInstall(); err != nil {
		return Consent{}, err
	}
	if err := k.probe(ctx, app, protocol); err != nil {
		return Consent{}, err
	}
	state, expires, err := k.newState(ctx, inBrowser)
	if err != nil {
		return Consent{}, err
	}
	return Consent{URL: protocol.AuthCodeURL(state), State: state, Expires: expires}, nil
}

// ready says what is missing before anything is begun that could not be stored.
func (k *Keeper) ready(app App) (*plane.OAuth, error) {
	if _, err := app.box(); err != nil {
		return nil, err
	}
	return app.protocol(k.http)
}

// probe asks whether the server has OAuth apps, by a read without a token: where
// they exist it is refused, on Community there is no such path.
func (k *Keeper) probe(ctx context.Context, app App, protocol *plane.OAuth) error {
	if seen, ok := k.probed.Load(app.server()); ok && k.now().Sub(seen.(time.Time)) < probeFor { //nolint:forcetypeassert // nothing else is stored
		return nil
	}
	_, err := protocol.AppInstallations(ctx, &oauth2.Token{}, "")
	var answered *plane.Error
	switch {
	case err == nil, errors.Is(err, plane.ErrUnauthorized), errors.Is(err, plane.ErrForbidden), errors.Is(err, plane.ErrBadKey), errors.Is(err, plane.ErrInvalid):
		k.probed.Store(app.server(), k.now())
		return nil
	case plane.IsUnrouted(err), errors.As(err, &answered) && answered.Kind == plane.KindForeign && answered.Status == http.StatusOK:
		return errNoOAuth(err) // no such path, or the web app's page in its place
	default:
		return readRefusal("the question whether it has OAuth apps", err)
	}
}

// newState makes a state of two halves: the id of its row, and a secret of which
// the row holds the hash.
func (k *Keeper) newState(ctx context.Context, inBrowser bool) (state string, expires time.Time, err error) {
	id, secret := uuid.New(), make([]byte, stateSecret)
	_, _ = rand.Read(secret) // It never fails; the runtime ends the process instead.
	expires = k.now().Add(stateLife)
	added, err := grants.In(k.pool).AddState(ctx, id, secret, inBrowser, expires)
	if err != nil {
		return "", time.Time{}, err
	}
	if !added {
		return "", time.Time{}, &Refused{
			Status: http.StatusTooManyRequests, Why: "too many consents are under way; try again in ten minutes, or run `odoo-plane-bridge oauth install`",
		}
	}
	return base64.RawURLEncoding.EncodeToString(append(id[:], secret...)), expires, nil
}

var errState = &Refused{
	Status: http.StatusForbidden,
	Why:    "invalid state: it is unknown, was used before, is older than ten minutes, or belongs to another browser; begin again at /oauth/plane/install",
}

// useState spends a state. It is gone afterwards, right or wrong. A crash after
// this costs the person one more consent and nothing else.
func (k *Keeper) useState(ctx context.Context, callback Callback) error {
	raw, err := base64.RawURLEncoding.DecodeString(callback.State)
	if err != nil || len(raw) != len(uuid.UUID{})+stateSecret {
		return errState
	}
	id, secret := uuid.UUID(raw[:len(uuid.UUID{})]), raw[len(uuid.UUID{}):]
	open, found, err := grants.In(k.pool).UseState(ctx, id)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(secret)
	same := subtle.ConstantTimeCompare(open.Digest, digest[:]) == 1
	if !found || !same || !k.now().Before(open.ExpiresAt) || (open.InBrowser && !callback.SameBrowser) {
		return errState
	}
	return nil
}

// Complete implements bridge.OAuthApp.
func (k *Keeper) Complete(ctx context.Context, callback Callback) ([]Grant, error) {
	app := k.app()
	protocol, err := k.ready(app)
	if err != nil {
		return nil, err
	}
	if err := k.useState(ctx, callback); err != nil {
		return nil, err
	}
	if callback.Error != "" {
		return nil, &Refused{Status: http.StatusForbidden, Why: "the consent was not given"}
	}
	var granted []Grant
	if callback.InstallationID != "" {
		bot, err := k.keepBot(ctx, app, protocol, callback.InstallationID)
		if err != nil {
			return nil, err
		}
		granted = append(granted, bot)
	}
	if app.UserFlow && callback.Code != "" {
		user, err := k.keepUser(ctx, app, protocol, callback)
		if err != nil {
			return nil, err
		}
		granted = append(granted, user)
	}
	if len(granted) == 0 {
		return nil, &Refused{
			Status: http.StatusBadRequest, Why: "the callback has no app_installation_id, and tokens for people are not kept (PLANE_OAUTH_USER_FLOW)",
		}
	}
	return granted, nil
}

// RegisterBot gets and stores the token of an installation whose id is known.
func (k *Keeper) RegisterBot(ctx context.Context, installationID string) (Grant, error) {
	app := k.app()
	protocol, err := k.ready(app)
	if err != nil {
		return Grant{}, err
	}
	return k.keepBot(ctx, app, protocol, installationID)
}

func (k *Keeper) keepBot(ctx context.Context, app App, protocol *plane.OAuth, installationID string) (Grant, error) {
	token, err := protocol.BotToken(ctx, installationID)
	if err != nil {
		return Grant{}, readRefusal("the request for the bot's token", err)
	}
	found, err := installedHere(ctx, app, protocol, token, installationID)
	if err != nil {
		return Grant{}, err
	}
	return k.keep(ctx, app, token, grants.Grant{
		Key: grants.Key{Server: app.server(), Kind: grants.KindBot, Subject: installationID}, InstallationID: installationID,
		Workspace: app.Workspace, ActorID: found.AppBot,
	})
}

// keepUser exchanges the code for the tokens of the person who consented.
func (k *Keeper) keepUser(ctx context.Context, app App, protocol *plane.OAuth, callback Callback) (Grant, error) {
	token, err := protocol.Exchange(ctx, callback.Code)
	if err != nil {
		return Grant{}, readRefusal("the authorization code", err)
	}
	if _, err := installedHere(ctx, app, protocol, token, callback.InstallationID); err != nil {
		return Grant{}, err
	}
	client, err := plane.New(plane.Config{
		BaseURL: app.BaseURL, Workspace: app.Workspace, HTTPClient: k.http, Auth: plane.Bearer(oauth2.StaticTokenSource(token)), Logger: k.logger,
	})
	if err != nil {
		return Grant{}, fmt.Errorf("preparing to ask who consented: %w", err)
	}
	who, err := client.Me(ctx)
	if err != nil {
		return Grant{}, readRefusal("the question who consented", err)
	}
	return k.keep(ctx, app, token, grants.Grant{
		Key: grants.Key{Server: app.server(), Kind: grants.KindUser, Subject: who.ID}, InstallationID: callback.InstallationID,
		Workspace: app.Workspace, ActorID: who.ID, ActorName: who.DisplayName,
	})
}

// installedHere refuses installations in other workspaces: anybody may install an
// app in a workspace of his own and would put the bridge to work for it.
func installedHere(ctx context.Context, app App, protocol *plane.OAuth, token *oauth2.Token, installationID string) (plane.AppInstallation, error) {
	found, err := protocol.AppInstallations(ctx, token, installationID)
	if err != nil {
		return plane.AppInstallation{}, readRefusal("the question where the app is installed", err)
	}
	for _, one := range found {
		if one.WorkspaceDetail.Slug == app.Workspace && (installationID == "" || one.ID == installationID) {
			return one, nil
		}
	}
	return plane.AppInstallation{}, &Refused{
		Status: http.StatusForbidden, Why: "the app is installed in another workspace than PLANE_WORKSPACE_SLUG (" + app.Workspace + ")",
	}
}

func (k *Keeper) keep(ctx context.Context, app App, token *oauth2.Token, g grants.Grant) (Grant, error) {
	box, err := app.box()
	if err != nil {
		return Grant{}, err
	}
	h, err := k.fill(box, g, token, "")
	if err != nil {
		return Grant{}, err
	}
	err = pgx.BeginFunc(ctx, k.pool, func(tx pgx.Tx) error { return grants.In(tx).Keep(ctx, h.Grant) })
	if err != nil {
		return Grant{}, err
	}
	k.logger.InfoContext(ctx, "OAuth token stored", slog.String("kind", string(g.Kind)), slog.String("subject", g.Subject), slog.Any("expires", h.ExpiresAt))
	return shown(g), nil
}
