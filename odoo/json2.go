package odoo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// json2 speaks POST /json/2/MODEL/METHOD: named arguments, the bare result, real HTTP status codes, an API key as bearer
// token in every request.
type json2 struct {
	http   *exchange
	config Config
}

func newJSON2(http *exchange, config Config) *json2 { return &json2{http: http, config: config} }

// version reads GET /json/version, which exists from Odoo 19 on. An older server answers a page or a 404: ErrProtocol.
func (t *json2) version(ctx context.Context) (Version, error) {
	call := invocation{model: "common", method: "version", reads: true}
	got, err := t.http.send(ctx, request{method: http.MethodGet, path: "json/version"})
	if err != nil {
		return Version{}, t.http.unanswered(call, got, err)
	}
	switch {
	case got.status == http.StatusOK && !got.isPage():
		return readVersion(call, got.body)
	case got.status < http.StatusInternalServerError && got.status != http.StatusTooManyRequests:
		failed := call.foreign("no /json/version here; it exists from Odoo 19 on")
		failed.Status = got.status
		return Version{}, failed
	default:
		return Version{}, t.http.refused(call, got)
	}
}

// authenticate asks for the key owner's context, which names the user.
func (t *json2) authenticate(ctx context.Context) (int64, error) {
	call := invocation{model: "res.users", method: "context_get", reads: true}
	raw, err := t.call(ctx, call)
	if err != nil {
		return 0, err
	}
	var owner struct {
		UserID json.RawMessage `json:"uid"`
	}
	if err := json.Unmarshal(raw, &owner); err != nil || owner.UserID == nil {
		return 0, call.foreign("context_get answered no context")
	}
	return readUserID(call, owner.UserID)
}

func (t *json2) call(ctx context.Context, call invocation) ([]byte, error) {
	body, err := call.namedBody()
	if err != nil {
		return nil, err
	}
	header := map[string]string{"Authorization": "Bearer " + t.config.Secret}
	if t.config.Database != "" {
		header["X-Odoo-Database"] = t.config.Database
	}
	got, err := t.http.send(ctx, request{
		method: http.MethodPost, contentType: "application/json", header: header, body: body,
		path: "json/2/" + url.PathEscape(call.model) + "/" + url.PathEscape(call.method),
	})
	if err != nil {
		return nil, t.http.unanswered(call, got, err)
	}
	return t.read(call, got)
}

func (t *json2) read(call invocation, got answer) ([]byte, error) {
	if got.status != http.StatusOK {
		var remote remoteError
		if json.Unmarshal(got.body, &remote) == nil && remote.isException() {
			return nil, t.http.raised(call, got.status, remote, "")
		}
		return nil, t.http.refused(call, got)
	}
	if got.isPage() {
		return nil, t.http.refused(call, got)
	}
	if !json.Valid(got.body) {
		return nil, call.broken(got)
	}
	if isNull(got.body) {
		return nil, nil
	}
	return got.body, nil
}

// namedBody lays a call out by name. The context travels beside the arguments.
func (call invocation) namedBody() ([]byte, error) {
	members := make(map[string]any, len(call.args)+len(call.named)+1)
	for name, value := range call.named {
		members[name] = value
	}
	for _, arg := range call.args {
		members[arg.name] = arg.value
	}
	if call.ids != nil {
		members["ids"] = call.ids
	}
	sendable, err := plain(members)
	if err != nil {
		return nil, call.fault(Permanent, ErrValue, err.Error())
	}
	body, err := json.Marshal(sendable)
	if err != nil {
		return nil, call.fault(Permanent, ErrValue, err.Error())
	}
	return body, nil
}
