package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/oauth2"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth/grants"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
)

const (
	// renewLimit bounds one renewal, the wait for another replica's included.
	renewLimit = 75 * time.Second
	// retryAfter is the wait after a renewal that failed, for all replicas
	// together; retryRefused after one that Plane refused for good, in case the
	// app is restored as it was.
	retryAfter   = time.Minute
	retryRefused = 15 * time.Minute
	// saveTries and saveWait are for a token that was got and whose transaction
	// broke. A refresh token is good once, so it is worth waiting for.
	saveTries = 5
	saveWait  = time.Second
)

// errBusy says that another replica renews the token, which is good meanwhile.
var errBusy = errors.New("another replica renews this token")

// renewal is one attempt to replace the token of a row.
type renewal struct {
	*Keeper
	app App
	box *sealed.Box
	key grants.Key
	// needed is asked about the row as it is once it is locked: another replica
	// may have renewed it meanwhile.
	needed func(grants.Held) bool

	result  grants.Held // the token to use from now on
	old     []byte      // what Plane's answer replaces; nil until there is one
	refused error       // why there is none
}

// renew gets a new token for a row that needs one and returns the token to use
// from now on. Patient waits for another replica that is at it; otherwise the
// answer is errBusy then.
//
// What a crash leaves behind: before Plane's answer, nothing. After the answer
// and before the commit, the row with the old token. A bot asks again and is as
// before. A user's old refresh token is spent by then; the next renewal is
// refused, the row is marked consent_needed, its access token is used for the
// fifth of its life that is left, and status tells that the person has to consent
// again. No order of steps avoids this, because Plane and the database share no
// transaction; what is avoided is losing the answer to anything less than a crash
// (see save), and two replicas spending one refresh token.
func (k *Keeper) renew(ctx context.Context, key grants.Key, patient bool, needed func(grants.Held) bool) (grants.Held, error) {
	app := k.app()
	box, err := app.box()
	if err != nil {
		return grants.Held{}, err
	}
	// Whoever asked may hang up; the answer must be stored nevertheless.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewLimit)
	defer cancel()
	r := &renewal{Keeper: k, app: app, box: box, key: key, needed: needed}
	err = pgx.BeginFunc(ctx, k.pool, func(tx pgx.Tx) error { return r.inTransaction(ctx, grants.In(tx), patient) })
	if err != nil && r.old != nil {
		err = r.save(ctx, err)
	}
	if err != nil {
		return grants.Held{}, err
	}
	return r.result, r.refused
}

func (r *renewal) inTransaction(ctx context.Context, s grants.Store, patient bool) error {
	row, free, err := s.Lock(ctx, r.key, patient)
	if err != nil {
		return err
	}
	if !free {
		return errBusy
	}
	if r.result, _, err = grants.Unseal(r.box, row); err != nil {
		return err
	}
	if !r.needed(r.result) {
		return nil
	}
	token, err := r.ask(ctx)
	if err != nil {
		return r.noteRefusal(ctx, s, err)
	}
	if r.result, err = r.fill(r.box, row, token, r.result.RefreshToken); err != nil {
		return err
	}
	r.old = row.Sealed
	if err := s.Renewed(ctx, r.result.Grant, r.old); err != nil {
		return err
	}
	r.logger.InfoContext(ctx, "OAuth token renewed", slog.String("kind", string(row.Kind)), slog.String("subject", row.Subject),
		slog.Any("expires", r.result.ExpiresAt))
	return nil
}

// ask gets the next token: a bot's by the app's own credentials, a user's by the
// refresh token.
func (r *renewal) ask(ctx context.Context) (*oauth2.Token, error) {
	app, err := r.app.protocol(r.http)
	if err != nil {
		return nil, err
	}
	if r.key.Kind == grants.KindBot {
		return app.BotToken(ctx, r.result.InstallationID)
	}
	return app.Refresh(ctx, &oauth2.Token{RefreshToken: r.result.RefreshToken})
}

// noteRefusal keeps why there is no new token and when to try again, for all
// replicas. It is committed; the refusal itself is no error of the transaction.
func (r *renewal) noteRefusal(ctx context.Context, s grants.Store, why error) error {
	r.refused = why
	now, text := r.now(), why.Error()
	next := now.Add(retryAfter)
	r.result.RenewAt, r.result.LastError, r.result.LastErrorAt = &next, &text, &now
	if refusedGrant(why) {
		r.result.State, next = grants.StateConsentNeeded, now.Add(retryRefused)
		if r.key.Kind == grants.KindUser {
			r.result.RenewAt = nil // a spent refresh token stays spent
		}
	}
	return s.Failed(ctx, r.key, r.result.State, r.result.RenewAt, text, now)
}

// save stores a token whose transaction broke after Plane had issued it: the
// database was restarted, or a limit on idle transactions struck while Plane took
// its time.
func (r *renewal) save(ctx context.Context, broken error) error {
	r.logger.WarnContext(ctx, "a renewed OAuth token was not stored; trying again", slog.Any("error", broken))
	for range saveTries {
		err := grants.In(r.pool).Renewed(ctx, r.result.Grant, r.old)
		if err == nil {
			return nil
		}
		broken = errors.Join(broken, err)
		select {
		case <-ctx.Done():
			return broken
		case <-time.After(saveWait):
		}
	}
	return fmt.Errorf("a renewed token is lost: %w", broken)
}
