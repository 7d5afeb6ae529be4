package plane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// OAuthConfig describes a Plane app. Apps are a beta of Plane Cloud and the commercial edition; Community has none
// of these endpoints (Client.Probe tells). Printing it shows neither secret nor id.
type OAuthConfig struct {
	BaseURL      string // as Config.BaseURL
	ClientID     string
	ClientSecret string
	RedirectURL  string // user flow only
	Scopes       []string
	HTTPClient   *http.Client
}

// Format hides the secret from every verb of fmt.
func (OAuthConfig) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "plane OAuth app "+redacted) }

// OAuth speaks the two flows of a Plane app: the bot flow, in which an installation gets a token of its own, and the
// user flow, in which a person's consent gives a token that acts as this person.
type OAuth struct {
	root   *url.URL
	config oauth2.Config
	http   *http.Client
}

// NewOAuth validates cfg, all faults together.
func NewOAuth(cfg OAuthConfig) (*OAuth, error) {
	root, err := rootURL(cfg.BaseURL)
	faults := []error{err}
	if cfg.ClientID == "" || cfg.ClientSecret == "" {
		faults = append(faults, errors.New("OAuth app: expected a client id and a client secret"))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("configuring Plane OAuth app: %w", err)
	}
	return &OAuth{root: root, http: withoutRedirects(cfg.HTTPClient, 0), config: oauth2.Config{
		ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret, RedirectURL: cfg.RedirectURL, Scopes: cfg.Scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL: oauthURL(root, "authorize-app"), TokenURL: oauthURL(root, "token"), AuthStyle: oauth2.AuthStyleInParams,
		},
	}}, nil
}

func oauthURL(root *url.URL, name string) string {
	return root.JoinPath("auth", "o", name, "/").String()
}

// AuthCodeURL returns where to send a person for consent. State must be unguessable, bound to the person's session
// and checked in the callback; otherwise somebody else's consent could be slipped in.
func (o *OAuth) AuthCodeURL(state string) string { return o.config.AuthCodeURL(state) }

// Exchange turns the code of the callback into an access and a refresh token.
func (o *OAuth) Exchange(ctx context.Context, code string) (*oauth2.Token, error) {
	token, err := o.config.Exchange(o.with(ctx), code)
	return token, oauthError("exchanging authorization code", err)
}

// Refresh renews a user token. The answer may carry a new refresh token and the old one may end with it, so the
// result must be stored in the transaction that replaces the old one.
func (o *OAuth) Refresh(ctx context.Context, current *oauth2.Token) (*oauth2.Token, error) {
	if current == nil || current.RefreshToken == "" {
		return nil, errors.New("refreshing access token: no refresh token is stored; the person must consent again")
	}
	token, err := o.config.TokenSource(o.with(ctx), &oauth2.Token{RefreshToken: current.RefreshToken}).Token()
	return token, oauthError("refreshing access token", err)
}

// BotToken asks for a token of an installation. It has no refresh token: when it ends, ask again.
func (o *OAuth) BotToken(ctx context.Context, installationID string) (*oauth2.Token, error) {
	bot := clientcredentials.Config{
		ClientID: o.config.ClientID, ClientSecret: o.config.ClientSecret, TokenURL: o.config.Endpoint.TokenURL, Scopes: o.config.Scopes,
		EndpointParams: url.Values{"app_installation_id": {installationID}}, AuthStyle: oauth2.AuthStyleInHeader,
	}
	token, err := bot.Token(o.with(ctx))
	return token, oauthError("getting bot token", err)
}

// AppInstallation is one workspace in which the app is installed.
type AppInstallation struct {
	ID              string         `json:"id"`
	Workspace       Ref[Workspace] `json:"workspace"`
	WorkspaceDetail Workspace      `json:"workspace_detail"`
	AppBot          string         `json:"app_bot"` // user id of the bot, the actor of what it does
	Status          string         `json:"status"`
}

// UnmarshalJSON reads the bot as an id and as an object alike; the other fields read themselves.
func (i *AppInstallation) UnmarshalJSON(b []byte) error {
	type plain AppInstallation
	read := struct {
		*plain
		AppBot Ref[User] `json:"app_bot"`
	}{plain: (*plain)(i)}
	if err := json.Unmarshal(b, &read); err != nil {
		return err
	}
	i.AppBot = read.AppBot.ID
	return nil
}

// AppInstallations returns what token may know of an installation, all of them when installationID is "".
func (o *OAuth) AppInstallations(ctx context.Context, token *oauth2.Token, installationID string) ([]AppInstallation, error) {
	var found page[AppInstallation]
	cl := call{method: http.MethodGet, path: "auth/o/app-installation/", array: true}
	cl.read = func(body []byte) error {
		if err := found.readBody(cl, body); err != nil {
			return err
		}
		if len(found.odd) > 0 {
			return found.odd[0]
		}
		return nil
	}
	address := oauthURL(o.root, "app-installation")
	if installationID != "" {
		address += "?" + url.Values{"id": {installationID}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, cl.method, address, nil)
	if err != nil {
		return nil, fmt.Errorf("reading app installations: %w", err)
	}
	token.SetAuthHeader(req)
	r, err := exchange(o.http, req, DefaultMaxBody)
	if err != nil {
		return nil, fmt.Errorf("reading app installations: %w", transportError(cl, err))
	}
	if err := withoutCredentials(r.check(cl, time.Now()), req); err != nil {
		return nil, fmt.Errorf("reading app installations: %w", err)
	}
	return found.Results, nil
}

func (o *OAuth) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, o.http)
}

// oauthError keeps what the standard says about a refusal and drops the body, which x/oauth2 would print whole.
func oauthError(act string, err error) error {
	var refused *oauth2.RetrieveError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		status := 0
		if refused.Response != nil {
			status = refused.Response.StatusCode
		}
		details := readErrorBody(refused.Body)
		e := &Error{Status: status, Kind: kindOf(status, details, true), Method: http.MethodPost, Path: "auth/o/token/", Message: cut(refused.ErrorCode)}
		e.Unrouted = e.Kind == KindUnrouted || e.Kind == KindForeign && status == http.StatusNotFound
		return fmt.Errorf("%s: %w", act, e)
	default:
		return fmt.Errorf("%s: %w", act, transportError(call{method: http.MethodPost, path: "auth/o/token/"}, err))
	}
}
