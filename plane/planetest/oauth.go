package planetest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// tokenLife is how long a token is good for (documentation: 86400 s).
const tokenLife = 24 * time.Hour

// An OAuthApp is the app that is registered with a Commercial server, and
// installed in its workspace.
type OAuthApp struct {
	ClientID       string
	ClientSecret   string
	InstallationID string
	// RedirectURLs are those that may be sent back to; none allows any.
	RedirectURLs []string
	// Bot is the user (id or display name) that bot tokens act as; empty is the
	// owner of the first key. User is whom the authorization code is for; empty
	// is the first person.
	Bot, User string
}

func (a OAuthApp) withDefaults() OAuthApp {
	a.ClientID = orDefault(a.ClientID, "planetest-client")
	a.ClientSecret = orDefault(a.ClientSecret, "planetest-client-secret")
	a.InstallationID = orNewID(a.InstallationID)
	return a
}

type grant struct {
	user, scope, redirect string
	ends                  time.Time
}

type oauthState struct {
	codes, refresh, access map[string]grant
	denied                 bool
}

func newOAuthState() oauthState {
	return oauthState{codes: map[string]grant{}, refresh: map[string]grant{}, access: map[string]grant{}}
}

// OAuthApp is the registered app with its defaults filled in.
func (s *Server) OAuthApp() OAuthApp { return s.options.OAuth }

// DenyAuthorization makes the person at the consent page refuse.
func (s *Server) DenyAuthorization(deny bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oauth.denied = deny
}

// ExpireTokens ends all access tokens; refresh tokens stay.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.oauth.access)
}

// oauthRoutes adds the OAuth endpoints. A Community server has none, and
// answers 404.
func (s *Server) oauthRoutes(mux *http.ServeMux) {
	if s.options.Edition != Commercial {
		return
	}
	mux.HandleFunc("GET /auth/o/authorize-app/{$}", s.authorizeApp)
	mux.HandleFunc("POST /auth/o/token/{$}", s.issueToken)
	mux.HandleFunc("GET /auth/o/app-installation/{$}", s.appInstallation)
}

// authorizeApp consents at once, as a person would who presses the button.
func (s *Server) authorizeApp(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	target, err := url.Parse(query.Get("redirect_uri"))
	app := s.options.OAuth
	known := len(app.RedirectURLs) == 0 || slices.Contains(app.RedirectURLs, query.Get("redirect_uri"))
	if err != nil || !known || query.Get("client_id") != app.ClientID || query.Get("response_type") != "code" {
		writeJSON(w, http.StatusBadRequest, object{{"error", "invalid_request"}})
		return
	}
	back := target.Query()
	if state := query.Get("state"); state != "" {
		back.Set("state", state)
	}
	s.mu.Lock()
	if s.oauth.denied {
		back.Set("error", "access_denied")
	} else {
		code := newID()
		s.oauth.codes[code] = grant{
			user: orDefault(app.User, s.people[0].ID), scope: query.Get("scope"),
			redirect: query.Get("redirect_uri"), ends: s.options.Now().Add(10 * time.Minute),
		}
		back.Set("code", code)
		back.Set("app_installation_id", app.InstallationID)
	}
	s.mu.Unlock()
	target.RawQuery = back.Encode()
	http.Redirect(w, r, target.String(), http.StatusFound) //nolint:gosec // OAuth sends back to where the app asked; see RedirectURLs.
}

func (s *Server) issueToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		writeJSON(w, http.StatusBadRequest, object{{"error", "invalid_request"}})
		return
	}
	s.mu.Lock()
	status, body := s.grantToken(r)
	s.mu.Unlock()
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, body)
}

func (s *Server) grantToken(r *http.Request) (int, object) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if id != s.options.OAuth.ClientID || secret != s.options.OAuth.ClientSecret {
		return http.StatusUnauthorized, object{{"error", "invalid_client"}}
	}
	switch r.PostForm.Get("grant_type") {
	case "client_credentials":
		return s.botToken(r.PostForm)
	case "authorization_code":
		return s.userToken(s.oauth.codes, r.PostForm.Get("code"), r.PostForm.Get("redirect_uri"))
	case "refresh_token":
		return s.userToken(s.oauth.refresh, r.PostForm.Get("refresh_token"), "")
	}
	return http.StatusBadRequest, object{{"error", "unsupported_grant_type"}}
}

// botToken has no refresh token: one asks again.
func (s *Server) botToken(form url.Values) (int, object) {
	if form.Get("app_installation_id") != s.options.OAuth.InstallationID {
		return http.StatusBadRequest, object{{"error", "invalid_grant"}}
	}
	g := grant{user: orDefault(s.options.OAuth.Bot, s.BotUserID()), scope: form.Get("scope")}
	return http.StatusOK, s.newToken("pln_bot_", g)
}

// userToken exchanges a code or a refresh token, either of which is good once:
// each answer has the next refresh token.
func (s *Server) userToken(from map[string]grant, token, redirect string) (int, object) {
	g, ok := from[token]
	expired := !g.ends.IsZero() && s.options.Now().After(g.ends)
	if !ok || expired || redirect != g.redirect {
		return http.StatusBadRequest, object{{"error", "invalid_grant"}}
	}
	delete(from, token)
	g = grant{user: g.user, scope: g.scope}
	refresh := "pln_refresh_" + strings.ReplaceAll(newID(), "-", "")
	s.oauth.refresh[refresh] = g
	body := s.newToken("pln_", g)
	return http.StatusOK, slices.Insert(body, 1, member{"refresh_token", refresh})
}

func (s *Server) newToken(prefix string, g grant) object {
	token := prefix + strings.ReplaceAll(newID(), "-", "")
	g.ends = s.options.Now().Add(tokenLife)
	s.oauth.access[token] = g
	return object{
		{"access_token", token},
		{"token_type", "Bearer"},
		{"expires_in", int(tokenLife / time.Second)},
		{"scope", g.scope},
	}
}

func (s *Server) appInstallation(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	c := &call{Request: r}
	refused := s.authenticate(c)
	s.mu.Unlock()
	if refused != nil {
		writeJSON(w, refused.status, refused.body)
		return
	}
	list := []object{}
	if id := r.URL.Query().Get("id"); id == "" || id == s.options.OAuth.InstallationID {
		bot, err := s.person(orDefault(s.options.OAuth.Bot, s.BotUserID()))
		if err != nil {
			writeJSON(w, http.StatusInternalServerError, broken().body)
			return
		}
		list = append(list, object{
			{"id", s.options.OAuth.InstallationID},
			{"workspace", s.workspace.id},
			{"workspace_detail", object{{"name", s.workspace.slug}, {"slug", s.workspace.slug}}},
			{"app_bot", bot.ID},
			{"status", "installed"},
		})
	}
	writeJSON(w, http.StatusOK, list)
}

// authenticateToken finds the user of a bearer token. All tokens of one user
// share a budget of requests.
func (s *Server) authenticateToken(c *call, token string) *answer {
	g, ok := s.oauth.access[token]
	if !ok || s.options.Now().After(g.ends) {
		return refuse(http.StatusUnauthorized, "Authentication credentials were not provided.")
	}
	return s.actAs(c, "token:"+g.user, g.user)
}
