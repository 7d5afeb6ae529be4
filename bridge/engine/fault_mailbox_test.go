package engine_test

import (
	"io"
	"net/http"
	"sync"
)

// mailbox keeps the webhooks that Plane has sent and nobody has acknowledged.
type mailbox struct {
	mu      sync.Mutex
	letters []letter
}

// letter is a webhook under way.
type letter struct {
	header http.Header
	body   []byte
}

// RoundTrip takes a webhook from Plane. Who delivers it, and how often, is the
// test's business.
func (m *mailbox) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters = append(m.letters, letter{r.Header.Clone(), body})
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func (m *mailbox) take() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	letters := m.letters
	m.letters = nil
	return letters
}

func (m *mailbox) keepFor(letters []letter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters = append(letters, m.letters...)
}
