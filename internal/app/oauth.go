package app

import (
	"context"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth"
)

// oauthSettings hands the settings, as they are now, to the keeper of the tokens;
// but the server stays the one that the client was built for, so that a token of
// another one cannot reach it while settings change.
func (a *App) oauthSettings() oauth.App {
	s := a.Live.Current()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return oauth.App{
		Refusal: a.address.Permit(ctx, a.Settings, s, "PLANE_OAUTH_CLIENT_SECRET"),
		BaseURL: a.Settings.PlaneBaseURL.String(), Workspace: string(a.Settings.PlaneWorkspaceSlug),
		ClientID: s.PlaneOAuthClientID, ClientSecret: s.PlaneOAuthClientSecret.Reveal(),
		RedirectURL: s.PlaneOAuthRedirectURL.String(), Scopes: strings.Fields(strings.ReplaceAll(s.PlaneOAuthScopes, ",", " ")),
		UserFlow: s.PlaneOAuthUserFlow, Key: s.EncryptionKey.Reveal(), PreviousKey: s.EncryptionKeyPrevious.Reveal(),
	}
}
