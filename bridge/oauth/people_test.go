package oauth

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// people are those who consented on one replica.
func (w *world) people(k *Keeper) *People {
	return NewPeople(k, func(_ string, signer *Signer) (*plane.Client, error) { return w.client(signer), nil })
}

// whoActs is the id of the person who acts for an address; empty for nobody.
func (w *world) whoActs(p *People, email string) string {
	w.t.Helper()
	var id string
	acted, err := p.As(w.t.Context(), func(context.Context) (string, error) { return email, nil }, func(c *plane.Client) error {
		me, err := c.Me(w.t.Context())
		id = me.ID
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	if !acted {
		return ""
	}
	return id
}

func TestThePersonWithTheAddressActs(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	person, maria := w.consented(k), w.plane.People()[0]
	for email, want := range map[string]string{
		maria.Email: person, "MARIA@example.com": person, "juan@example.com": "", "": "", "maria@example.com.ph": "", "mar\u0131a@example.com": "",
	} {
		if got := w.whoActs(w.people(k), email); got != want {
			t.Errorf("for %q acts %q, want %q", email, got, want)
		}
	}
}

func TestWithTheUserFlowOffNobodyActsAndOdooIsNotAsked(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	w.consented(k)
	w.set(func(a *App) { a.UserFlow = false })
	acted, err := w.people(k).As(t.Context(), func(context.Context) (string, error) {
		t.Error("Odoo was asked who it was")
		return "", nil
	}, func(*plane.Client) error { return nil })
	if acted || err != nil {
		t.Errorf("acted %t, %v", acted, err)
	}
}

func TestTwoPeopleWithOneAddressAreNobody(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	w.consented(k)
	maria := w.plane.People()[0]
	people := w.people(k)
	if w.whoActs(people, maria.Email) == "" {
		t.Fatal("maria does not act")
	}
	_, err := w.pool.Exec(t.Context(), `INSERT INTO ops.oauth_tokens (server, kind, subject, installation_id, workspace_slug, actor_id, actor_name, sealed, expires_at, renew_at, obtained_at)
		SELECT server, kind, 'another', installation_id, workspace_slug, 'another', actor_name, sealed, expires_at, renew_at, obtained_at FROM ops.oauth_tokens WHERE kind = 'user'`)
	if err != nil {
		t.Fatal(err)
	}
	people.known["another"] = person{id: "another", client: people.known[maria.ID].client, email: maria.Email, asked: w.now()}
	if got := w.whoActs(people, maria.Email); got != "" {
		t.Errorf("%s acts", got)
	}
}

func TestSomebodyWhomPlaneRefusesIsLeftAloneUntilThereIsANewToken(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	person, maria := w.consented(k), w.plane.People()[0]
	people := w.people(k)
	if w.whoActs(people, maria.Email) != person {
		t.Fatal("maria does not act")
	}
	w.plane.ExpireTokens()
	if got := w.whoActs(people, maria.Email); got != "" {
		t.Fatalf("%s acts with a token that was revoked", got)
	}
	asked := w.plane.RequestTotal()
	if got := w.whoActs(people, maria.Email); got != "" || w.plane.RequestTotal() != asked {
		t.Errorf("%q acts, and Plane was asked %d times more for somebody whom it refused just now", got, w.plane.RequestTotal()-asked)
	}
	w.pass(time.Second)
	w.consented(k)
	if got := w.whoActs(people, maria.Email); got != person {
		t.Errorf("after a new consent acts %q", got)
	}
}

func TestATokenThatCannotBeHadLeavesTheWorkToTheBridge(t *testing.T) {
	t.Parallel()
	w := commercial(t)
	k := w.keeper()
	w.consented(k)
	maria := w.plane.People()[0]
	people := w.people(k)
	if w.whoActs(people, maria.Email) == "" {
		t.Fatal("maria does not act")
	}
	w.pass(25 * time.Hour)
	w.intercept(func(res *http.Response) error { res.StatusCode = http.StatusBadGateway; return nil })
	if got := w.whoActs(people, maria.Email); got != "" {
		t.Errorf("%s acts with a token that has ended", got)
	}
}
