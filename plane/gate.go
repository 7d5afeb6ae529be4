package plane

import (
	"context"
	"errors"
)

// ErrAway matches what a gate returns: the server is known to be away, or to refuse the caller, and nothing was sent.
var ErrAway = errors.New("plane: known not to be usable now, so nothing was sent")

type gateKey struct{}

// WithGate returns a context whose requests ask gate before they take their place in the budget. An error of the gate,
// which should wrap ErrAway, is returned as it is and nothing is sent: while a server is known to be away, requests would
// only spend places that are missing when it is back.
func WithGate(ctx context.Context, gate func() error) context.Context {
	return context.WithValue(ctx, gateKey{}, gate)
}

func passGate(ctx context.Context) error {
	if gate, ok := ctx.Value(gateKey{}).(func() error); ok {
		return gate()
	}
	return nil
}
