package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

func TestAConsentInstallsTheBot(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	granted, err := k.Complete(t.Context(), w.consent(k))
	if err != nil || len(granted) != 1 {
		t.Fatalf("granted %+v, %v", granted, err)
	}
	want := Grant{
		Kind: "bot", InstallationID: w.plane.OAuthApp().InstallationID, Workspace: w.plane.WorkspaceSlug(), ActorID: w.plane.BotUserID(),
	}
	if granted[0] != want {
		t.Errorf("granted %+v, want %+v", granted[0], want)
	}
	if _, err := w.client(k.Bot()).Me(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAPersonWhoConsentsIsActedAsOnlyWithTheUserFlow(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	if _, err := k.Complete(t.Context(), w.consent(k)); err != nil {
		t.Fatal(err)
	}
	maria := w.plane.People()[0]
	if _, err := w.client(k.User(maria.ID)).Me(t.Context()); !errors.Is(w.fault(err), bridge.ErrKeyMissing) {
		t.Errorf("a person's token was kept while the user flow is off: %v", err)
	}
	person := w.consented(k)
	me, err := w.client(k.User(person)).Me(t.Context())
	if err != nil || me.ID != maria.ID {
		t.Errorf("me = %+v, %v", me, err)
	}
	if me, err := w.client(k.Bot()).Me(t.Context()); err != nil || me.ID != w.plane.BotUserID() {
		t.Errorf("the bot acts as %+v, %v", me, err)
	}
}

func TestAStateWorksOnceSoonAndInItsBrowserOnly(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*world, *Keeper, *Callback){
		"used before": func(w *world, k *Keeper, c *Callback) {
			if _, err := k.Complete(w.t.Context(), *c); err != nil {
				w.t.Fatal(err)
			}
		},
		"too late":        func(w *world, _ *Keeper, _ *Callback) { w.pass(stateLife) },
		"another browser": func(_ *world, _ *Keeper, c *Callback) { c.SameBrowser = false },
		"none":            func(_ *world, _ *Keeper, c *Callback) { c.State = "" },
		"made up": func(_ *world, _ *Keeper, c *Callback) {
			c.State = base64.RawURLEncoding.EncodeToString(make([]byte, len(uuid.UUID{})+stateSecret))
		},
		"guessed secret": func(w *world, _ *Keeper, c *Callback) {
			raw, err := base64.RawURLEncoding.DecodeString(c.State)
			if err != nil {
				w.t.Fatal(err)
			}
			raw[len(raw)-1] ^= 1
			c.State = base64.RawURLEncoding.EncodeToString(raw)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := commercial(t)
			k := w.keeper()
			callback := w.consent(k)
			spoil(w, k, &callback)
			asked := w.asked()
			_, err := k.Complete(t.Context(), callback)
			mustRefuse(t, w.fault(err), http.StatusForbidden, "invalid state")
			if w.asked() != asked {
				t.Error("Plane was asked for a token nevertheless")
			}
		})
	}
}

func TestAWrongGuessSpendsTheState(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	callback := w.consent(k)
	wrong := callback
	wrong.SameBrowser = false
	if _, err := k.Complete(t.Context(), wrong); err == nil {
		t.Fatal("another browser's callback was taken")
	}
	_, err := k.Complete(t.Context(), callback)
	mustRefuse(t, err, http.StatusForbidden, "invalid state")
}

func TestOfCallbacksAtOnceWithOneStateOneIsTaken(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	callback := w.consent(w.keeper())
	var taken atomic.Int32
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := w.keeper().Complete(t.Context(), callback); err == nil {
				taken.Add(1)
			}
		})
	}
	wait.Wait()
	if taken.Load() != 1 || w.asked() != 1 {
		t.Errorf("%d callbacks taken, %d tokens asked for", taken.Load(), w.asked())
	}
}

func TestAConsentBegunOnTheCommandLineNeedsNoCookie(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	begun, err := k.Begin(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	callback := Callback{State: begun.State, InstallationID: w.plane.OAuthApp().InstallationID}
	if _, err := k.Complete(t.Context(), callback); err != nil {
		t.Error(err)
	}
}

func TestBrowsersCannotFillTheDatabaseWithStates(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	_, err := w.pool.Exec(t.Context(), `INSERT INTO ops.oauth_states SELECT gen_random_uuid(), '', true, $1 FROM generate_series(1, $2)`,
		w.now().Add(stateLife), grants.MaxOpenStates)
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Begin(t.Context(), true)
	mustRefuse(t, err, http.StatusTooManyRequests, "too many")
	if _, err := k.Begin(t.Context(), false); err != nil {
		t.Errorf("the operator is shut out as well: %v", err)
	}
	w.pass(stateLife + time.Second)
	if err := k.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Begin(t.Context(), true); err != nil {
		t.Errorf("old states are not forgotten: %v", err)
	}
}

func TestACommunityServerIsToldAsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, planetest.Options{})
	_, begun := w.keeper().Begin(t.Context(), true)
	_, registered := w.keeper().RegisterBot(t.Context(), "any")
	for _, err := range []error{begun, registered} {
		mustRefuse(t, w.fault(err), http.StatusNotImplemented, "Community")
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*world)
		status int
		words  string
	}{
		"no client id":        {func(w *world) { w.app.ClientID = "" }, 503, "PLANE_OAUTH_CLIENT_ID"},
		"no redirect":         {func(w *world) { w.app.RedirectURL = "" }, 503, "PLANE_OAUTH_REDIRECT_URL"},
		"redirect elsewhere":  {func(w *world) { w.app.RedirectURL = "https://bridge.example.com/" }, 503, "/oauth/plane/callback"},
		"another secret":      {func(w *world) { w.app.ClientSecret = "not-the-secret" }, 502, "PLANE_OAUTH_CLIENT_SECRET"},
		"a foreign workspace": {func(w *world) { w.app.Workspace = "elsewhere" }, 403, "another workspace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := commercial(t)
			tc.change(w)
			k := w.keeper()
			begun, err := k.Begin(t.Context(), false)
			if err == nil {
				_, err = k.Complete(t.Context(), Callback{State: begun.State, InstallationID: w.plane.OAuthApp().InstallationID})
			}
			mustRefuse(t, w.fault(err), tc.status, tc.words)
		})
	}
}

func TestAMissingClientSecretIsAMissingKey(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	w.set(func(a *App) { a.ClientSecret = "" })
	_, err := w.keeper().Begin(t.Context(), true)
	var missing *MissingKeyError
	if !errors.As(err, &missing) || missing.Entry != "plane_oauth_client_secret" {
		t.Errorf("error %v", err)
	}
}

func TestAConsentThatWasNotGivenIsRefused(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	w.plane.DenyAuthorization(true)
	k := w.keeper()
	_, err := k.Complete(t.Context(), w.consent(k))
	mustRefuse(t, w.fault(err), http.StatusForbidden, "not given")
}

func TestAnUnknownInstallationIsRefused(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	_, err := w.keeper().RegisterBot(t.Context(), uuid.NewString())
	mustRefuse(t, w.fault(err), http.StatusBadRequest, "installation")
}

func TestTheNewestRefreshTokenIsKept(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	person := w.consented(k)
	for range 3 {
		w.pass(20 * time.Hour)
		if err := k.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(25 * time.Hour)
	if me, err := w.client(k.User(person)).Me(t.Context()); err != nil || me.ID != person {
		t.Errorf("me = %+v, %v", me, err)
	}
	if g := w.grant(grants.KindUser); g.Renewals != 4 {
		t.Errorf("%d renewals", g.Renewals)
	}
}

// TestALostRefreshTokenIsHealedByANewConsent is a crash between Plane's answer,
// which spends the old refresh token, and the commit.
func TestALostRefreshTokenIsHealedByANewConsent(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	person := w.consented(k)
	w.pass(20 * time.Hour)
	w.intercept(func(*http.Response) error { return io.ErrUnexpectedEOF })
	if err := w.fault(k.Look(t.Context())); err == nil {
		t.Fatal("the answer was not lost")
	}
	w.intercept(nil)
	w.pass(retryAfter)
	if err := w.fault(k.Look(t.Context())); err == nil {
		t.Fatal("a spent refresh token was taken")
	}
	if g := w.grant(grants.KindUser); g.State != grants.StateConsentNeeded || g.RenewAt != nil {
		t.Errorf("state %s, next try %v", g.State, g.RenewAt)
	}
	if me, err := w.client(k.User(person)).Me(t.Context()); err != nil || me.ID != person {
		t.Errorf("the access token is not used while it lasts: %+v, %v", me, err)
	}
	w.pass(5 * time.Hour)
	if _, err := k.User(person).token(t.Context()); err == nil || !strings.Contains(w.fault(err).Error(), "invalid_grant") {
		t.Errorf("after its end: %v", err)
	}
	w.consented(k)
	if me, err := w.client(k.User(person)).Me(t.Context()); err != nil || me.ID != person {
		t.Errorf("after a new consent: %+v, %v", me, err)
	}
	if g := w.grant(grants.KindUser); g.State != grants.StateActive || g.LastError != nil {
		t.Errorf("state %s, error %v", g.State, g.LastError)
	}
}

func TestABotLosesNothingInACrash(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.installed()
	w.pass(20 * time.Hour)
	w.intercept(func(*http.Response) error { return io.ErrUnexpectedEOF })
	if err := w.fault(k.Look(t.Context())); err == nil {
		t.Fatal("the answer was not lost")
	}
	w.intercept(nil)
	w.pass(retryAfter)
	if err := k.Look(t.Context()); err != nil || w.grant(grants.KindBot).State != grants.StateActive {
		t.Error(err)
	}
}

func TestARefreshTokenOutlivesTheConnectionThatItWasToBeStoredOn(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	person := w.consented(k)
	w.pass(20 * time.Hour)
	var once sync.Once
	w.intercept(func(*http.Response) error {
		once.Do(func() {
			_, err := w.pool.Exec(context.WithoutCancel(t.Context()), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid()`)
			if err != nil {
				t.Error(err)
			}
		})
		return nil
	})
	if err := k.Look(t.Context()); err != nil {
		t.Errorf("error %v", err)
	}
	w.pass(25 * time.Hour)
	if me, err := w.client(k.User(person)).Me(t.Context()); err != nil || me.ID != person {
		t.Errorf("the refresh token was lost: %v", err)
	}
}

func TestACallerThatHangsUpDoesNotLoseTheRefreshToken(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	person := w.consented(k)
	w.pass(25 * time.Hour)
	ctx, hangUp := context.WithCancel(t.Context())
	w.intercept(func(*http.Response) error { hangUp(); return nil })
	if _, err := k.User(person).token(ctx); err != nil {
		t.Errorf("error %v", err)
	}
	w.intercept(nil)
	w.pass(25 * time.Hour)
	if _, err := k.User(person).token(t.Context()); err != nil {
		t.Errorf("the refresh token was lost: %v", err)
	}
}
