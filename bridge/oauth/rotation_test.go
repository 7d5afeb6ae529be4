package oauth

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
)

// rotate sets a new key, and the one so far as the previous.
func (w *world) rotate() {
	w.set(func(a *App) { a.PreviousKey, a.Key = a.Key, sealed.NewKey() })
}

func (w *world) forgetPrevious() { w.set(func(a *App) { a.PreviousKey = "" }) }

func TestReadingATokenEndsItsRotation(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	before, err := w.installed().Bot().token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.rotate()
	if _, err := w.keeper().Bot().token(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.forgetPrevious()
	after, err := w.keeper().Bot().token(t.Context())
	if err != nil || after.AccessToken != before.AccessToken {
		t.Errorf("after the rotation: %v", err)
	}
	if w.asked() != 1 {
		t.Errorf("a rotation cost %d tokens", w.asked()-1)
	}
}

func TestARotationReachesTokensThatNobodyReads(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.installed()
	person := w.consented(k)
	w.rotate()
	status := func(want SealedWith) {
		t.Helper()
		all, err := k.Status(t.Context())
		if err != nil || len(all) != 2 {
			t.Fatalf("status %+v, %v", all, err)
		}
		for _, one := range all {
			if one.Key != want {
				t.Errorf("the %s is sealed with the %s key, want %s", one.Kind, one.Key, want)
			}
		}
	}
	status(SealedPrevious)
	if err := k.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	status(SealedCurrent)
	w.forgetPrevious()
	if _, err := k.User(person).token(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestATokenUnderAForgottenKeyIsReportedAndHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.installed()
	person := w.consented(k)
	if _, err := w.pool.Exec(t.Context(), `UPDATE ops.oauth_tokens SET sealed = '\x0100000000' || sealed WHERE kind = 'bot'`); err != nil {
		t.Fatal(err)
	}
	w.rotate()
	if err := w.fault(k.Look(t.Context())); !errors.Is(err, sealed.ErrSealed) || !strings.Contains(err.Error(), "ENCRYPTION_KEY_PREVIOUS") {
		t.Errorf("error %v", err)
	}
	w.forgetPrevious()
	if _, err := k.User(person).token(t.Context()); err != nil {
		t.Errorf("the other token was not sealed anew: %v", err)
	}
	all, err := k.Status(t.Context())
	if err != nil || all[0].Key != SealedUnknown || all[0].Usable() {
		t.Errorf("status %+v, %v", all, err)
	}
}

func TestATokenThatWasCopiedOverAnotherDoesNotOpen(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.installed()
	person := w.consented(k)
	_, err := w.pool.Exec(t.Context(), `UPDATE ops.oauth_tokens SET sealed = (SELECT sealed FROM ops.oauth_tokens WHERE kind = 'bot') WHERE kind = 'user'`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.User(person).token(t.Context()); !errors.Is(w.fault(err), sealed.ErrSealed) {
		t.Errorf("the bot's token opens as the person's: %v", err)
	}
}

func TestATokenThatWasGivenToSomebodyElseDoesNotOpen(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	w.consented(k)
	if _, err := w.pool.Exec(t.Context(), `UPDATE ops.oauth_tokens SET subject = 'somebody else' WHERE kind = 'user'`); err != nil {
		t.Fatal(err)
	}
	if _, err := k.User("somebody else").token(t.Context()); !errors.Is(w.fault(err), sealed.ErrSealed) {
		t.Errorf("one person's token opens as another's: %v", err)
	}
}

// A server that goes on with the old refresh token leaves it out of its answer (RFC 6749,
// section 6).
func TestARefreshTokenThatAnAnswerLeavesOutStaysTheOneBefore(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	box, err := w.current().box()
	if err != nil {
		t.Fatal(err)
	}
	for answered, want := range map[string]string{"": "the one before", "a new one": "a new one"} {
		h, err := k.fill(box, grants.Grant{}, &oauth2.Token{AccessToken: "a", RefreshToken: answered}, "the one before")
		if err != nil || h.RefreshToken != want {
			t.Errorf("after an answer with %q it is %q (%v), want %q", answered, h.RefreshToken, err, want)
		}
	}
}

func TestWithoutAUsableKeyNothingIsBegun(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	for _, key := range []string{"", "a password"} {
		w.set(func(a *App) { a.Key = key })
		k := w.keeper()
		_, begun := k.Begin(t.Context(), true)
		_, completed := k.Complete(t.Context(), Callback{})
		_, registered := k.RegisterBot(t.Context(), "any")
		_, status := k.Status(t.Context())
		for _, err := range []error{begun, completed, registered, status} {
			var missing *MissingKeyError
			if !errors.As(w.fault(err), &missing) || missing.Entry != "encryption_key" || !errors.Is(err, bridge.ErrKeyMissing) {
				t.Errorf("key %q: error %v", key, err)
			}
		}
	}
	if w.asked() != 0 {
		t.Error("Plane was asked for tokens that could not be stored")
	}
}
