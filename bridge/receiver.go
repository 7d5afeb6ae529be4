package bridge

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtext"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// maxBody is the largest webhook body that is taken, in bytes.
const maxBody = 1 << 20

// Where the answers to a missing secret point the operator.
const (
	refPlaneWebhookSecret = "ssot/secrets/registry.yaml#plane_webhook_secret"
	refOdooWebhookToken   = "ssot/secrets/registry.yaml#odoo_webhook_token"
	refAdminToken         = "ssot/secrets/registry.yaml#admin_token"
)

// Headers of a Plane webhook, as Plane sends them and the forwarder passes on.
const (
	headerSignature = "X-Plane-Signature"
	headerDelivery  = "X-Plane-Delivery"
	headerEvent     = "X-Plane-Event"
)

// Secrets are read for each request, so that a rotation needs no restart.
type Secrets struct {
	// Webhook are the secrets a Plane webhook may be signed with; none means that
	// the receiver refuses with KEY_MISSING.
	Webhook func() []string
	// OdooToken guards the endpoint that Odoo's automation rules call.
	OdooToken func() string
	// Admin guards the console.
	Admin func() string
}

// Receiver is the HTTP side of the bridge. Every answer is JSON.
type Receiver struct {
	inbox   accepter
	changes changeQueue
	secrets Secrets
	health  *Health
	metrics *Metrics
	logger  *slog.Logger
	server  *echo.Echo
}

type accepter interface {
	Accept(ctx context.Context, d Delivery) (duplicate bool, err error)
}

// NewReceiver returns the HTTP handler of the bridge.
func NewReceiver(inbox *Inbox, queue *Queue, secrets Secrets, health *Health, metrics *Metrics, logger *slog.Logger) *Receiver {
	return newReceiver(inbox, queue, secrets, health, metrics, logger)
}

func newReceiver(inbox accepter, changes changeQueue, secrets Secrets, health *Health, metrics *Metrics, logger *slog.Logger) *Receiver {
	r := &Receiver{inbox: inbox, changes: changes, secrets: secrets, health: health, metrics: metrics, logger: logger, server: echo.New()}
	r.server.HideBanner, r.server.HidePort = true, true
	r.server.HTTPErrorHandler = r.answerError
	r.server.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: r.logPanic}))
	r.server.POST("/api/webhooks/plane", r.planeWebhook)
	r.server.POST("/api/webhooks/odoo", r.odooWebhook)
	r.server.POST("/jsonrpc", r.jsonRPC)
	r.server.GET("/healthz", r.healthz)
	r.server.GET("/readyz", r.readyz)
	r.server.Any("/console", r.console)
	r.server.Any("/console/*", r.console)
	return r
}

// ServeHTTP answers one request.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.server.ServeHTTP(w, req) }

// answer is the body of every answer but readyz's.
type answer struct {
	OK        bool   `json:"ok"`
	Duplicate bool   `json:"duplicate,omitempty"`
	Error     string `json:"error,omitempty"`
	SSOTRef   string `json:"ssot_ref,omitempty"`
}

func refusal(status int, why string) reply { return reply{status, answer{Error: why}} }

// reply is an answer and its HTTP status.
type reply struct {
	status int
	answer answer
}

func keyMissing(ref string) reply {
	return reply{http.StatusServiceUnavailable, answer{Error: "KEY_MISSING", SSOTRef: ref}}
}

func (r *Receiver) planeWebhook(c echo.Context) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	reply := r.receive(c.Request().Context(), body, c.Request().Header)
	return c.JSON(reply.status, reply.answer)
}

// receive checks and keeps one webhook, however it came: the signature over the
// raw bytes first, and nothing parsed before it holds.
func (r *Receiver) receive(ctx context.Context, body []byte, headers http.Header) reply {
	reply := r.check(ctx, body, headers)
	r.metrics.webhook(reply)
	return reply
}

func (r *Receiver) check(ctx context.Context, body []byte, headers http.Header) reply {
	secrets := r.secrets.Webhook()
	if len(secrets) == 0 {
		r.logger.ErrorContext(ctx, "webhook refused: PLANE_WEBHOOK_SECRET is not set")
		return keyMissing(refPlaneWebhookSecret)
	}
	if !plane.Verify(body, headers.Get(headerSignature), secrets...) {
		r.logger.WarnContext(ctx, "webhook refused: its signature is missing or wrong",
			slog.String("delivery", clip(headers.Get(headerDelivery))))
		return refusal(http.StatusForbidden, "invalid signature")
	}
	id, usual := usualUUID(headers.Get(headerDelivery))
	if !usual {
		return refusal(http.StatusBadRequest, headerDelivery+" has to be a UUID")
	}
	if !isObject(body) {
		return refusal(http.StatusBadRequest, "the body has to be a JSON object")
	}
	return r.keep(ctx, NewDelivery(id, "webhook", headers.Get(headerEvent), kept(headers), body))
}

func (r *Receiver) keep(ctx context.Context, d Delivery) reply {
	duplicate, err := r.inbox.Accept(ctx, d)
	if err != nil {
		r.logger.ErrorContext(ctx, "webhook not kept; Plane has to send it again", slog.Any("error", err))
		return refusal(http.StatusInternalServerError, "the delivery could not be stored; send it again")
	}
	r.logger.DebugContext(ctx, "webhook accepted", slog.String("delivery", d.ID.String()), slog.Bool("duplicate", duplicate))
	return reply{http.StatusOK, answer{OK: true, Duplicate: duplicate}}
}

// kept are the headers that the ledger holds: what Plane says about the
// delivery, and nothing that could be a credential of whoever forwarded it.
func kept(headers http.Header) map[string]string {
	kept := make(map[string]string)
	for _, name := range []string{headerSignature, headerDelivery, headerEvent, "User-Agent", "Content-Type"} {
		if value := headers.Get(name); value != "" {
			kept[name] = pgtext.Clip(value, longestName)
		}
	}
	return kept
}

func isObject(body []byte) bool {
	return json.Valid(body) && bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))
}

// clip keeps a header that anyone may send from flooding the log.
func clip(text string) string { return pgtext.Clip(text, 64) }

func (r *Receiver) jsonRPC(c echo.Context) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, answerCall(body, func(call webhookCall) reply {
		return r.receive(c.Request().Context(), call.body, call.headers)
	}))
}

func (r *Receiver) healthz(c echo.Context) error { return c.JSON(http.StatusOK, answer{OK: true}) }

func (r *Receiver) readyz(c echo.Context) error {
	report := r.health.Report(c.Request().Context())
	status := http.StatusOK
	if !report.OK {
		status = http.StatusServiceUnavailable
	}
	return c.JSON(status, report)
}

func (r *Receiver) console(c echo.Context) error {
	token := r.secrets.Admin()
	if token == "" {
		reply := keyMissing(refAdminToken)
		return c.JSON(reply.status, reply.answer)
	}
	given := strings.TrimPrefix(c.Request().Header.Get("Authorization"), "Bearer ")
	if subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
		return echo.NewHTTPError(http.StatusForbidden, "invalid token")
	}
	return echo.ErrNotFound
}

// readBody reads at most maxBody bytes and refuses what is larger with 413.
func readBody(c echo.Context) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxBody))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, echo.NewHTTPError(http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB")
	}
	if err != nil {
		return nil, echo.NewHTTPError(http.StatusBadRequest, "the body could not be read to its end")
	}
	return body, nil
}

// answerError is where every request that was not answered ends: unknown paths,
// wrong methods, refusals and panics alike, always as JSON.
func (r *Receiver) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status, why := http.StatusInternalServerError, "internal error"
	var known *echo.HTTPError
	if errors.As(err, &known) {
		status = known.Code
		why = strings.ToLower(http.StatusText(status))
		if text, ok := known.Message.(string); ok && text != http.StatusText(status) {
			why = text
		}
	}
	if err := c.JSON(status, answer{Error: why}); err != nil {
		r.logger.WarnContext(c.Request().Context(), "answer not sent", slog.Any("error", err))
	}
}

func (r *Receiver) logPanic(c echo.Context, err error, stack []byte) error {
	r.logger.ErrorContext(c.Request().Context(), "a request panicked", slog.String("path", c.Path()),
		slog.Any("error", err), slog.String("stack", string(stack)))
	return err
}
