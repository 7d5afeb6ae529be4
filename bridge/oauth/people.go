package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

const (
	// knownFor is how long Plane's word is believed about who a person is.
	knownFor = time.Hour
	// refusedFor is how long a person is passed over whom Plane refused, unless there
	// is a new token: a request that is refused is one of the person's own.
	refusedFor = 15 * time.Minute
)

// People acts in the names of the people who consented, each over a client of their
// own: its requests are signed with their token, and counted where Plane counts them.
// It is safe for concurrent use.
type People struct {
	keeper *Keeper
	client func(personID string, signer *Signer) (*plane.Client, error)

	mu    sync.Mutex
	known map[string]person // by the id in Plane
}

// person is somebody who consented.
type person struct {
	id     string
	client *plane.Client
	// email is the address in Plane, and asked when Plane said so.
	email string
	asked time.Time
	// refused is when Plane last refused to let the person do something.
	refused time.Time
}

// NewPeople returns the people who consented. client builds the client of one of them.
func NewPeople(keeper *Keeper, client func(personID string, signer *Signer) (*plane.Client, error)) *People {
	return &People{keeper: keeper, client: client, known: make(map[string]person)}
}

// As does something with the client of the one person who consented and whose e-mail
// address in Plane is the given one. It reports false when there is no such person, or
// Plane refuses them; nothing has taken effect then.
func (p *People) As(ctx context.Context, email func(context.Context) (string, error), do func(*plane.Client) error) (acted bool, err error) {
	who, found := p.find(ctx, email)
	if !found {
		return false, nil
	}
	err = do(who.client)
	if !turnedAway(err) {
		return true, err
	}
	p.noteRefusal(ctx, who, err)
	return false, nil
}

// turnedAway reports whether a request was not worked on because of who sent it.
// Somebody may also not see what the bridge sees, so that nothing is found does not
// prove that it is gone.
func turnedAway(err error) bool {
	return refused(err) || errors.Is(err, plane.ErrNotFound) || errors.As(err, new(*noTokenError))
}

func refused(err error) bool {
	return errors.Is(err, plane.ErrUnauthorized) || errors.Is(err, plane.ErrForbidden) || errors.Is(err, plane.ErrBadKey)
}

// find returns the one person with an e-mail address.
func (p *People) find(ctx context.Context, email func(context.Context) (string, error)) (person, bool) {
	usable, err := p.usable(ctx)
	if err != nil || len(usable) == 0 {
		p.note(ctx, "who consented could not be read", err)
		return person{}, false
	}
	wanted, err := email(ctx)
	if err != nil || wanted == "" {
		p.note(ctx, "who made a change in Odoo could not be found out", err)
		return person{}, false
	}
	var found []person
	for _, g := range usable {
		who, err := p.meet(ctx, g)
		p.note(ctx, "Plane does not say who somebody is who consented", err)
		if err == nil && sameAddress(who.email, wanted) {
			found = append(found, who)
		}
	}
	if len(found) != 1 {
		return person{}, false
	}
	return found[0], true
}

// sameAddress compares two e-mail addresses as servers do, whatever the case of their
// letters. Letters outside ASCII that only fold to the same are others.
func sameAddress(a, b string) bool { return a != "" && len(a) == len(b) && strings.EqualFold(a, b) }

// usable are the grants of people whose tokens have not ended and whom Plane did not
// refuse a moment ago.
func (p *People) usable(ctx context.Context) ([]grants.Grant, error) {
	app, now := p.keeper.app(), p.keeper.now()
	if !app.UserFlow {
		return nil, nil
	}
	all, err := grants.In(p.keeper.pool).People(ctx, app.server(), app.Workspace)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var usable []grants.Grant
	for _, g := range all {
		refused := p.known[g.Subject].refused
		waits := now.Before(refused.Add(refusedFor)) && !g.ObtainedAt.After(refused)
		if !waits && (g.Alive(now) || g.State == grants.StateActive) {
			usable = append(usable, g)
		}
	}
	return usable, nil
}

// meet returns the person of a grant, and asks Plane who that is when it is not known.
func (p *People) meet(ctx context.Context, g grants.Grant) (person, error) {
	p.mu.Lock()
	who := p.known[g.Subject]
	p.mu.Unlock()
	if who.client != nil && p.keeper.now().Before(who.asked.Add(knownFor)) {
		return who, nil
	}
	if who.client == nil {
		client, err := p.client(g.Subject, p.keeper.User(g.Subject))
		if err != nil {
			return person{}, fmt.Errorf("preparing to act for %s: %w", g.Subject, err)
		}
		who.id, who.client = g.Subject, client
	}
	me, err := who.client.Me(ctx)
	if err != nil {
		p.noteRefusal(ctx, who, err)
		return person{}, fmt.Errorf("asking who %s is: %w", g.Subject, err)
	}
	if me.ID != g.Subject {
		return person{}, fmt.Errorf("the token of %s is another one's", g.Subject)
	}
	who.email, who.asked = me.Email, p.keeper.now()
	p.remember(who)
	return who, nil
}

// noteRefusal passes somebody over for a while whom Plane refused.
func (p *People) noteRefusal(ctx context.Context, who person, cause error) {
	if !refused(cause) {
		return
	}
	p.keeper.logger.WarnContext(ctx, "Plane refuses to let the bridge act for somebody who consented; it acts in its own name",
		slog.String("person", who.id), slog.Any("error", cause))
	who.refused = p.keeper.now()
	p.remember(who)
}

func (p *People) remember(who person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[who.id] = who
}

// note says why a person may be passed over.
func (p *People) note(ctx context.Context, why string, err error) {
	if err != nil {
		p.keeper.logger.WarnContext(ctx, "somebody who consented may not be acted for", slog.String("why", why), slog.Any("error", err))
	}
}
