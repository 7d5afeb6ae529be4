package web

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/observe"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/queue"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtext"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// maxBody is the largest webhook body that is taken, in bytes, and maxCall the
// largest JSON-RPC call around one: text in a JSON string may become six times as
// long, and the older shape carries the body a second time.
const (
	maxBody = 1 << 20
	maxCall = 8 << 20
)

// Where the answers to a missing secret point the operator.
const (
	refPlaneWebhookSecret = "ssot/secrets/registry.yaml#plane_webhook_secret"
	refOdooWebhookToken   = "ssot/secrets/registry.yaml#odoo_webhook_token"
	refAdminToken         = "ssot/secrets/registry.yaml#admin_token"
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
	health  *observe.Health
	metrics *observe.Metrics
	logger  *slog.Logger
	server  *echo.Echo
	bodies  *bodyRoom
	// hooks are whose calls are taken for webhooks.
	hooks []Hook
	// decoding lets one large call be read at a time: reading takes as much again.
	decoding sync.Mutex
	// repeated logs once a minute what comes with each webhook while the database is away.
	repeated *slog.Logger
	// changeWithin is how long Odoo is kept waiting.
	changeWithin time.Duration
	// refused is told of each webhook that was not kept, which Plane may never send again.
	refused func()
}

type accepter interface {
	Accept(ctx context.Context, d ledger.Delivery) (duplicate bool, err error)
}

// New returns the HTTP handler of the bridge.
func New(inbox *ledger.Inbox, queue *queue.Queue, secrets Secrets, health *observe.Health, metrics *observe.Metrics, logger *slog.Logger) *Receiver {
	return newReceiver(inbox, queue, secrets, health, metrics, logger)
}

func newReceiver(inbox accepter, changes changeQueue, secrets Secrets, health *observe.Health, metrics *observe.Metrics, logger *slog.Logger) *Receiver {
	r := &Receiver{
		inbox: inbox, changes: changes, secrets: secrets, health: health, metrics: metrics, logger: logger, repeated: observe.WithoutRepeats(logger),
		server: echo.New(), bodies: newBodyRoom(roomOwn, roomSmall, roomLarge), changeWithin: changeWithin, refused: func() {},
	}
	r.server.HideBanner, r.server.HidePort = true, true
	// Addresses are those of connections: anybody may write a header.
	r.server.IPExtractor = echo.ExtractIPDirect()
	r.server.HTTPErrorHandler = r.answerError
	r.server.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: r.logPanic}), answerOptions)
	r.server.POST("/api/webhooks/plane", r.planeWebhook)
	r.server.POST("/api/webhooks/odoo", r.odooWebhook)
	r.server.POST("/jsonrpc", r.jsonRPC)
	r.server.GET(pathLive, r.healthz)
	r.server.GET(pathReady, r.readyz)
	r.server.Any("/console", r.console)
	r.server.Any("/console/*", r.console)
	return r
}

// OnRefused says whom to tell of webhooks that were not kept although nothing was
// wrong with them, as far as was read. Plane Community sends nothing again, so what
// they told of has to be looked for. It is called once, before the receiver serves.
func (r *Receiver) OnRefused(refused func()) { r.refused = refused }

// TrustProxies lets the header X-Forwarded-For say where a request comes from, when
// it comes through one of these networks. It is called before the receiver serves.
func (r *Receiver) TrustProxies(networks []*net.IPNet) {
	if len(networks) == 0 {
		return
	}
	trusted := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, network := range networks {
		trusted = append(trusted, echo.TrustIPRange(network))
	}
	r.server.IPExtractor = echo.ExtractIPFromXFFHeader(trusted...)
}

// DropSlowest ends the slowest body that is being read, and reports whether there
// was one. The server asks for it when it has no room for another connection.
func (r *Receiver) DropSlowest() bool { return r.bodies.dropSlowest() }

// The probes, which some monitors ask by HEAD.
const (
	pathLive  = "/healthz"
	pathReady = "/readyz"
)

func isProbe(path string) bool { return path == pathLive || path == pathReady }

// ServeHTTP answers one request. HEAD of a probe is answered as GET; the server
// leaves the body out.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodHead && isProbe(req.URL.Path) {
		req = req.WithContext(req.Context())
		req.Method = http.MethodGet
	}
	r.server.ServeHTTP(w, req)
}

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
	body, release, err := r.readWebhook(c, maxBody)
	if err != nil {
		return err
	}
	defer release()
	reply := r.receive(c, webhookCall{body: body, headers: c.Request().Header, release: release})
	return c.JSON(reply.status, reply.answer)
}

// receive checks and keeps one webhook, however it came: the signature over the
// raw bytes first, and nothing parsed before it holds.
func (r *Receiver) receive(c echo.Context, call webhookCall) reply {
	reply := r.check(c, call)
	r.metrics.Webhook(reply.status, reply.answer.Duplicate)
	return reply
}

func (r *Receiver) check(c echo.Context, call webhookCall) reply {
	ctx := c.Request().Context()
	secrets := r.secrets.Webhook()
	if len(secrets) == 0 {
		r.refused()
		r.repeated.ErrorContext(ctx, "webhook refused: PLANE_WEBHOOK_SECRET is not set")
		return keyMissing(refPlaneWebhookSecret)
	}
	if len(call.body) > maxBody {
		r.tooLarge(ctx)
		return refusal(http.StatusRequestEntityTooLarge, "the body is larger than "+inMiB(maxBody))
	}
	if !plane.Verify(call.body, call.headers.Get(plane.HeaderSignature), secrets...) {
		r.logger.WarnContext(ctx, "webhook refused: its signature is missing or wrong",
			slog.String("delivery", forLog(call.headers.Get(plane.HeaderDelivery))), slog.String("from", forLog(c.RealIP())))
		return refusal(http.StatusForbidden, "invalid signature")
	}
	call.release() // The sender is known.
	id, usual := ledger.UsualUUID(call.headers.Get(plane.HeaderDelivery))
	if !usual {
		return refusal(http.StatusBadRequest, plane.HeaderDelivery+" has to be a UUID")
	}
	delivery, err := ledger.NewDelivery(id, call.headers.Get(plane.HeaderEvent), kept(call.headers), call.body)
	if err != nil {
		return refusal(http.StatusBadRequest, "the body has to be a JSON object")
	}
	return r.keep(ctx, delivery)
}

func (r *Receiver) keep(ctx context.Context, d ledger.Delivery) reply {
	duplicate, err := r.inbox.Accept(ctx, d)
	if err != nil {
		r.refused()
		r.repeated.ErrorContext(ctx, "webhook not kept; a sweep will look for what it told of", slog.Any("error", err))
		return refusal(http.StatusInternalServerError, "the delivery could not be stored; send it again")
	}
	r.logger.DebugContext(ctx, "webhook accepted", slog.String("delivery", d.ID.String()), slog.Bool("duplicate", duplicate))
	return reply{http.StatusOK, answer{OK: true, Duplicate: duplicate}}
}

// kept are the headers that the ledger holds: what Plane says about the
// delivery, and nothing that could be a credential of whoever forwarded it.
func kept(headers http.Header) map[string]string {
	kept := make(map[string]string)
	for _, name := range []string{plane.HeaderSignature, plane.HeaderDelivery, plane.HeaderEvent, "User-Agent", "Content-Type"} {
		if value := headers.Get(name); value != "" {
			kept[name] = pgtext.Clip(value, ledger.LongestName)
		}
	}
	return kept
}

// forLog keeps a header that anyone may send from flooding the log.
func forLog(text string) string { return pgtext.Clip(text, 64) }

func (r *Receiver) jsonRPC(c echo.Context) error {
	body, release, err := r.readWebhook(c, maxCall)
	if err != nil {
		return err
	}
	defer release()
	call, err := r.decodeCall(body)
	if err != nil {
		return c.JSON(http.StatusOK, failedCall(call.id, err))
	}
	call.webhook.release = release
	return c.JSON(http.StatusOK, answeredCall(call.id, r.receive(c, call.webhook)))
}

func (r *Receiver) decodeCall(body []byte) (rpcCall, error) {
	if len(body) > smallBody {
		r.decoding.Lock()
		defer r.decoding.Unlock()
	}
	return readCall(body, r.hooks)
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
	given, isBearer := bearer(c.Request())
	if !isBearer || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
		return echo.NewHTTPError(http.StatusForbidden, "invalid token")
	}
	return echo.ErrNotFound
}

// bearer is the token in a request's Authorization. Under another scheme, or under
// none, there is no token.
func bearer(request *http.Request) (token string, found bool) {
	scheme, token, found := strings.Cut(request.Header.Get("Authorization"), " ")
	return token, found && strings.EqualFold(scheme, "Bearer")
}

// answerOptions says what a path takes. The framework's own answer would be empty.
func answerOptions(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().Method != http.MethodOptions {
			return next(c)
		}
		allowed, found := c.Get(echo.ContextKeyHeaderAllow).(string)
		switch {
		case c.Request().RequestURI == "*" || c.Path() == "/console" || c.Path() == "/console/*":
			allowed = "OPTIONS, GET, HEAD, POST"
		case isProbe(c.Path()):
			allowed = "OPTIONS, GET, HEAD"
		case !found:
			return next(c) // Nothing is there.
		}
		c.Response().Header().Set(echo.HeaderAllow, allowed)
		return c.JSON(http.StatusOK, answer{OK: true})
	}
}

func inMiB(bytes int64) string { return strconv.FormatInt(bytes>>20, 10) + " MiB" }

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
