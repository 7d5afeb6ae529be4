package odoo

import "context"

// classic is what the two old protocols share: they call Odoo's services `common` and `object` by position and differ
// only in how a call is written down and read.
type classic struct {
	config Config
	userID int64
	// send carries one call of a service's method and returns its result as JSON.
	send func(ctx context.Context, call invocation, service, method string, args []any) ([]byte, error)
}

func (t *classic) version(ctx context.Context) (Version, error) {
	call := invocation{model: "common", method: "version", reads: true}
	raw, err := t.send(ctx, call, "common", "version", []any{})
	if err != nil {
		return Version{}, err
	}
	return readVersion(call, raw)
}

func (t *classic) authenticate(ctx context.Context) (int64, error) {
	call := invocation{model: "common", method: "authenticate", reads: true}
	args := []any{t.config.Database, t.config.Login, t.config.Secret, map[string]any{}}
	raw, err := t.send(ctx, call, "common", "authenticate", args)
	if err != nil {
		return 0, err
	}
	t.userID, err = readUserID(call, raw)
	return t.userID, err
}

func (t *classic) call(ctx context.Context, call invocation) ([]byte, error) {
	args, err := call.executeKW(t.config, t.userID)
	if err != nil {
		return nil, err
	}
	return t.send(ctx, call, "object", "execute_kw", args)
}
