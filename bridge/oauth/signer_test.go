package oauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

func TestABotThatIsRegisteredSignsRequests(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	bot := w.installed().Bot()
	me, err := w.client(bot).Me(t.Context())
	if err != nil || me.ID != w.plane.BotUserID() {
		t.Fatalf("me = %+v, %v", me, err)
	}
	if _, err := w.client(bot).Me(t.Context()); err != nil || w.asked() != 1 {
		t.Errorf("%d tokens were asked for, %v", w.asked(), err)
	}
	w.mu.Lock()
	logged := w.log.String()
	w.mu.Unlock()
	if !strings.Contains(logged, "plane request") || !strings.Contains(logged, "OAuth token stored") {
		t.Error("nothing was logged, so the search for secrets proves nothing")
	}
	if shown := fmt.Sprintf("%v %+v %#v %v", bot, bot, bot, w.current()); strings.Contains(shown, "pln_bot_") || strings.Contains(shown, w.current().Key) {
		t.Errorf("secrets show in %s", shown)
	}
}

func TestWithoutAnInstallationTheKeyIsMissing(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	_, err := w.client(w.keeper().Bot()).Me(t.Context())
	if !errors.Is(w.fault(err), bridge.ErrKeyMissing) || !strings.Contains(err.Error(), "oauth install") {
		t.Errorf("error %v", err)
	}
}

// replicas are keepers with pools of their own on one database.
func (w *world) replicas(n int) []*Signer {
	var all []*Signer
	for range n {
		all = append(all, w.keeperOn(pgtest.Open(w.t, w.dsn)).Bot())
	}
	return all
}

func TestThreeReplicasThatNeedANewTokenAskForOne(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	w.installed()
	old := w.grant(grants.KindBot).Sealed
	w.pass(25 * time.Hour)
	seen := sync.Map{}
	var wait sync.WaitGroup
	for _, replica := range w.replicas(3) {
		for range 4 {
			wait.Go(func() {
				token, err := replica.token(t.Context())
				if err != nil {
					t.Error(err)
				}
				seen.Store(token.AccessToken, true)
			})
		}
	}
	wait.Wait()
	distinct := 0
	seen.Range(func(any, any) bool { distinct++; return true })
	if w.asked() != 2 || distinct != 1 || bytes.Equal(old, w.grant(grants.KindBot).Sealed) {
		t.Errorf("%d tokens were asked for, %d are in use; want 2 (one at first) and 1", w.asked(), distinct)
	}
}

func TestWhileOneReplicaRenewsTheOthersGoOnWithTheOldToken(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.installed()
	old, err := k.Bot().token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.pass(20 * time.Hour) // past four fifths of a day
	asking, goOn := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	w.intercept(func(*http.Response) error {
		if first.CompareAndSwap(false, true) {
			close(asking)
			<-goOn
		}
		return nil
	})
	replicas := w.replicas(3)
	var wait sync.WaitGroup
	wait.Go(func() {
		if token, err := replicas[0].token(t.Context()); err != nil || token.AccessToken == old.AccessToken {
			t.Errorf("the replica that renews got the old token, %v", err)
		}
	})
	<-asking
	for _, replica := range replicas[1:] {
		if token, err := replica.token(t.Context()); err != nil || token.AccessToken != old.AccessToken {
			t.Errorf("another replica does not go on: %v", err)
		}
	}
	if err := k.Look(t.Context()); err != nil {
		t.Errorf("looking after a token that is being renewed: %v", err)
	}
	close(goOn)
	wait.Wait()
	for _, replica := range replicas {
		if token, err := replica.token(t.Context()); err != nil || token.AccessToken == old.AccessToken {
			t.Errorf("a replica keeps the old token: %v", err)
		}
	}
	if w.asked() != 2 {
		t.Errorf("%d tokens were asked for", w.asked())
	}
}

func TestATokenIsRenewedAtFourFifthsOfItsLifeWithoutBeingUsed(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.installed()
	look := func(after time.Duration, want int) {
		t.Helper()
		w.pass(after)
		if err := k.Look(t.Context()); err != nil || w.asked() != want {
			t.Errorf("%d tokens asked for, want %d: %v", w.asked(), want, err)
		}
	}
	look(19*time.Hour, 1)
	look(13*time.Minute, 2)
	look(19*time.Hour, 2)
}

func TestRenewalComesInTimeForEveryLife(t *testing.T) {
	t.Parallel()
	for life, want := range map[time.Duration]time.Duration{
		24 * time.Hour: 19*time.Hour + 12*time.Minute, time.Hour: 48 * time.Minute, 20 * time.Minute: 15 * time.Minute, 4 * time.Minute: 2 * time.Minute,
	} {
		if got := renewAfter(life); got != want {
			t.Errorf("a token of %s is renewed after %s, want %s", life, got, want)
		}
	}
}

func TestARevokedTokenIsReplacedOnceAndNoRequestFails(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	w.installed()
	w.pass(time.Hour)
	var clients []*plane.Client
	for _, replica := range w.replicas(3) {
		clients = append(clients, w.client(replica))
	}
	for _, client := range clients {
		if _, err := client.Me(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.plane.ExpireTokens()
	var wait sync.WaitGroup
	for _, client := range clients {
		wait.Go(func() {
			made, err := client.CreateLabel(t.Context(), w.plane.ProjectID(), plane.NewLabel{Name: fmt.Sprintf("%p", client)})
			if err != nil || made.ID == "" {
				t.Errorf("a write with a revoked token: %v", err)
			}
		})
	}
	wait.Wait()
	if w.asked() != 2 {
		t.Errorf("%d tokens were asked for, want 2", w.asked())
	}
}

func TestAServerThatRefusesEveryTokenIsNotAskedForOnePerRequest(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	bot := w.installed().Bot()
	w.pass(time.Hour)
	for range 5 {
		w.plane.ExpireTokens()
		if _, err := w.client(bot).Me(t.Context()); err != nil && !errors.Is(w.fault(err), plane.ErrUnauthorized) {
			t.Errorf("error %v", err)
		}
	}
	if w.asked() != 2 {
		t.Errorf("%d tokens were asked for, want 2: the first, and one renewal", w.asked())
	}
}

func TestARenewalThatFailsIsTriedAgainAfterAMinuteByOneReplica(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	w.installed()
	w.pass(25 * time.Hour)
	w.intercept(func(res *http.Response) error {
		res.StatusCode, res.Body = http.StatusBadGateway, io.NopCloser(strings.NewReader("<html>proxy</html>"))
		return nil
	})
	replicas := w.replicas(3)
	for _, replica := range append(replicas, replicas...) {
		if _, err := replica.token(t.Context()); err == nil || !strings.Contains(w.fault(err).Error(), "502") {
			t.Errorf("error %v", err)
		}
	}
	if w.asked() != 2 {
		t.Errorf("%d tokens were asked for, want 2", w.asked())
	}
	w.intercept(nil)
	w.pass(time.Minute)
	if _, err := replicas[2].token(t.Context()); err != nil {
		t.Errorf("after the proxy came back: %v", err)
	}
	if g := w.grant(grants.KindBot); g.State != grants.StateActive || g.LastError != nil {
		t.Errorf("state %s, last error %v", g.State, g.LastError)
	}
}

func TestATokenIsUsedWhileItLastsWhenRenewingFails(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	bot := w.installed().Bot()
	w.pass(20 * time.Hour)
	w.intercept(func(*http.Response) error { return io.ErrUnexpectedEOF })
	if _, err := w.client(bot).Me(t.Context()); err != nil {
		t.Errorf("error %v", err)
	}
	if g := w.grant(grants.KindBot); g.LastError == nil || g.State != grants.StateActive {
		t.Errorf("state %s, last error %v", g.State, g.LastError)
	}
}

func TestAnInstallationMadeAgainReplacesTheOne(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	w.installed()
	if _, err := w.pool.Exec(t.Context(), `UPDATE ops.oauth_tokens SET subject = 'gone', installation_id = 'gone'`); err != nil {
		t.Fatal(err)
	}
	k := w.installed()
	all, err := k.Status(t.Context())
	if err != nil || len(all) != 1 || all[0].InstallationID != w.plane.OAuthApp().InstallationID {
		t.Errorf("status %+v, %v", all, err)
	}
}

func TestAnAppThatWasUninstalledIsReported(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.installed()
	w.pass(25 * time.Hour)
	w.intercept(func(res *http.Response) error {
		res.StatusCode, res.Body = http.StatusBadRequest, io.NopCloser(strings.NewReader(`{"error":"invalid_grant"}`))
		return nil
	})
	if err := w.fault(k.Look(t.Context())); err == nil {
		t.Error("the refusal went unnoticed")
	}
	all, err := k.Status(t.Context())
	if err != nil || all[0].State != grants.StateConsentNeeded || all[0].Usable() || !strings.Contains(*all[0].LastError, "invalid_grant") {
		t.Errorf("status %+v, %v", all, err)
	}
}

func TestATokenIsNeverSentToAnotherServer(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	bot := w.installed().Bot()
	if _, err := bot.token(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.set(func(a *App) { a.BaseURL = "https://elsewhere.example.com" })
	if _, err := bot.token(t.Context()); !errors.Is(err, bridge.ErrKeyMissing) {
		t.Errorf("error %v", err)
	}
	w.set(func(a *App) { a.BaseURL = "https://plane.example.com/api/v1/" }) // the first one, written differently
	if _, err := bot.token(t.Context()); err != nil {
		t.Errorf("error %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, planetest.Options{Edition: planetest.Commercial})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.installed().Run(ctx); err != nil {
		t.Error(err)
	}
}
