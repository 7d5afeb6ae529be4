package web

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
)

// changeWithin is how long Odoo is kept waiting at most. The call stands inside
// whatever somebody saves in Odoo, which gives up after a second and never sends
// it again; the schedule finds what could not be queued.
const changeWithin = 500 * time.Millisecond

// changeQueue takes hints that records of Odoo changed.
type changeQueue interface {
	OdooChanged(ctx context.Context, model string, id int64) error
}

// odooChange is what an automation rule posts, as far as it can be trusted: which
// record to look at again. The other values in it may be older than what was
// committed.
type odooChange struct {
	Model string `json:"_model"`
	ID    int64  `json:"_id"`
}

// modelName is what a model of Odoo may be called.
var modelName = regexp.MustCompile(`^[A-Za-z0-9_.]{1,128}$`)

// odooWebhook queues a look at the record that a rule reports. Odoo signs nothing
// and sends no header of its own, so the token in the address is all there is; it
// must not get into a log, and so the query is never logged.
func (r *Receiver) odooWebhook(c echo.Context) error {
	token := r.secrets.OdooToken()
	if token == "" {
		reply := keyMissing(refOdooWebhookToken)
		return c.JSON(reply.status, reply.answer)
	}
	if subtle.ConstantTimeCompare([]byte(c.QueryParam("token")), []byte(token)) != 1 {
		r.logger.WarnContext(c.Request().Context(), "a change in Odoo was refused: the token is missing or wrong")
		return echo.NewHTTPError(http.StatusForbidden, "invalid token")
	}
	body, release, err := r.readBody(c, maxBody)
	if err != nil {
		return err
	}
	release() // The sender is known by the token.
	var change odooChange
	if err := json.Unmarshal(body, &change); err != nil || !modelName.MatchString(change.Model) || change.ID <= 0 {
		return echo.NewHTTPError(http.StatusBadRequest, "expected what an automation rule sends: a JSON object with _model and _id")
	}
	return r.queueChange(c, change)
}

func (r *Receiver) queueChange(c echo.Context, change odooChange) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), r.changeWithin)
	defer cancel()
	err := r.changes.OdooChanged(ctx, change.Model, change.ID)
	if errors.Is(err, queue.ErrTooManyHints) {
		r.repeated.WarnContext(ctx, "a change in Odoo was not queued; the schedule will find it", slog.Any("error", err))
		return echo.NewHTTPError(http.StatusServiceUnavailable, queue.ErrTooManyHints.Error())
	}
	if err != nil {
		r.repeated.ErrorContext(ctx, "a change in Odoo was not queued; the schedule will find it", slog.Any("error", err))
		return echo.NewHTTPError(http.StatusInternalServerError, "the change could not be queued")
	}
	return c.JSON(http.StatusOK, answer{OK: true})
}
