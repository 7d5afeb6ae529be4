package plane

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"golang.org/x/oauth2"
)

// Auth puts credentials on a request. An implementation never logs them and never puts them into an error.
type Auth interface {
	Authorize(ctx context.Context, r *http.Request) error
}

const redacted = "[redacted]"

// APIKey is a personal or service token of Plane, sent as X-API-Key. However it is printed, logged or encoded,
// it shows as [redacted].
type APIKey string

// Authorize sets the X-API-Key header.
func (k APIKey) Authorize(_ context.Context, r *http.Request) error {
	r.Header.Set("X-API-Key", string(k))
	return nil
}

// Format hides the key from every verb of fmt, %d and %x included.
func (k APIKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue hides the key from slog.
func (k APIKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the key from JSON and text encoders.
func (k APIKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

type bearer struct{ source oauth2.TokenSource }

// Bearer signs requests with the current token of an OAuth token source (see OAuth.Bot).
func Bearer(source oauth2.TokenSource) Auth { return bearer{source} }

func (b bearer) Authorize(_ context.Context, r *http.Request) error {
	token, err := b.source.Token()
	if err != nil {
		return fmt.Errorf("getting access token: %w", err)
	}
	token.SetAuthHeader(r)
	return nil
}

// Format hides the token source, whose fields may hold secrets.
func (b bearer) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "bearer "+redacted) }
