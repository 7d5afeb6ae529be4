package plane

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/url"
)

// DefaultPerPage is how many records a page of work items is asked for: the documented maximum. Servers were seen
// to take up to 1000 and to refuse 1001.
const DefaultPerPage = 100

// page is one page of a list. Some lists answer with a bare array, which is read as the only page.
type page[T any] struct {
	Results []T `json:"results"`
	// NextCursor is present on the last page too, so only HasNext says whether to go on. It is opaque.
	NextCursor string `json:"next_cursor"`
	HasNext    bool   `json:"next_page_results"`
}

func (p *page[T]) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, &p.Results)
	}
	type paged page[T]
	return json.Unmarshal(b, (*paged)(p))
}

// list walks all pages of a collection. It yields one error at most, as the last pair.
func list[T any](ctx context.Context, c *Client, cl call) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		query, seen := maps.Clone(cl.query), map[string]bool{}
		for {
			cl.query = query
			p, err := fetch[page[T]](ctx, c, cl)
			if err != nil {
				yield(*new(T), err)
				return
			}
			for _, record := range p.Results {
				if !yield(record, nil) {
					return
				}
			}
			if !p.HasNext {
				return
			}
			if p.NextCursor == "" || seen[p.NextCursor] {
				yield(*new(T), fmt.Errorf("listing %s: %w", cl.path, errCursorLoop))
				return
			}
			seen[p.NextCursor] = true
			query = withCursor(cl.query, p.NextCursor)
		}
	}
}

// errCursorLoop ends a list whose cursors lead in a circle; following them would never end.
var errCursorLoop = &Error{Kind: KindUnexpected, Method: "GET", Message: "the server gave the same page cursor twice"}

func withCursor(query url.Values, cursor string) url.Values {
	next := maps.Clone(query)
	if next == nil {
		next = url.Values{}
	}
	next.Set("cursor", cursor)
	return next
}

// collect reads a whole list into memory; for lists that stay short.
func collect[T any](records iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for record, err := range records {
		if err != nil {
			return nil, err
		}
		all = append(all, record)
	}
	return all, nil
}
