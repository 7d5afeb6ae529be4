package plane

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"strconv"
)

// DefaultPerPage is how many records a page of work items is asked for: the documented maximum. Servers were seen
// to take up to 1000 and to refuse 1001.
const DefaultPerPage = 100

// list walks all pages of a collection. A record that cannot be read comes as *ItemError and the list goes on behind
// it; every other error is the last pair.
func list[T any](ctx context.Context, c *Client, cl call) iter.Seq2[T, error] {
	return walk[T]{client: c, call: cl}.all(ctx)
}

// walk is a list to be read. It never looks into a cursor.
type walk[T any] struct {
	client *Client
	call   call
	// lighter is the query with the long fields left out, nil where there are none to leave out. It is asked in place
	// of a page that is over the client's size limit.
	lighter url.Values
	// complete finishes a record that came without its long fields.
	complete func(ctx context.Context, record T) (T, error)
}

// reader is who takes the records in. A list that begins anew yields nothing to it twice.
type reader[T any] struct {
	yield func(T, error) bool
	seen  map[string]bool
}

// all reads page after page. Where a page is over the size limit even without its long fields the list is read in
// pages of half the size, from its beginning: a cursor belongs to the size that it was given for.
func (w walk[T]) all(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		to := reader[T]{yield, map[string]bool{}}
		for size := w.firstSize(); w.tooLarge(ctx, size, to); {
			size = max(size/2, 1)
		}
	}
}

func (w walk[T]) firstSize() int {
	if size, err := strconv.Atoi(w.call.query.Get("per_page")); err == nil && size > 0 {
		return size
	}
	return DefaultPerPage
}

// tooLarge reads the list in pages of one size and reports whether it takes smaller ones. Everything else, its end
// included, has reached the reader.
func (w walk[T]) tooLarge(ctx context.Context, size int, to reader[T]) bool {
	cursors := map[string]bool{}
	for cursor := ""; ; {
		p, err := w.page(ctx, size, cursor)
		if errors.Is(err, ErrTooLarge) && size > 1 && !w.call.array {
			return true
		}
		if err != nil {
			to.yield(*new(T), err)
			return false
		}
		if !w.hand(ctx, p, to) || !p.HasNext {
			return false
		}
		if cursor = p.NextCursor; cursor == "" || cursors[cursor] {
			to.yield(*new(T), fmt.Errorf("listing %s: %w", shownPath(w.call.path), errCursorLoop))
			return false
		}
		cursors[cursor] = true
	}
}

// errCursorLoop ends a list whose cursors lead in a circle; following them would never end.
var errCursorLoop = &Error{Kind: KindUnexpected, Method: "GET", Message: "the server gave the same page cursor twice"}

// page asks for one page: whole, without the long fields when that is too large, and as ids alone when it holds a
// single record that is too large all the same.
func (w walk[T]) page(ctx context.Context, size int, cursor string) (page[T], error) {
	p, err := w.ask(ctx, w.call.query, size, cursor)
	if errors.Is(err, ErrTooLarge) && w.lighter != nil {
		p, err = w.ask(ctx, w.lighter, size, cursor)
		p.light = true
	}
	if errors.Is(err, ErrTooLarge) && size == 1 && !w.call.array {
		p, err = w.ask(ctx, withParam(w.call.query, "fields", "id"), size, cursor)
		for _, id := range p.ids {
			p.odd = append(p.odd, &ItemError{ID: id, Path: shownPath(w.call.path), cause: errBodyTooLarge})
		}
		p.Results, p.ids = nil, nil
	}
	return p, err
}

// ask leaves the size to the server where the caller named none, until a smaller one is needed.
func (w walk[T]) ask(ctx context.Context, query url.Values, size int, cursor string) (page[T], error) {
	if cursor != "" {
		query = withParam(query, "cursor", cursor)
	}
	if size != w.firstSize() {
		query = withParam(query, "per_page", strconv.Itoa(size))
	}
	cl := w.call
	cl.query = query
	return fetch[page[T]](ctx, w.client, cl)
}

func withParam(query url.Values, name, value string) url.Values {
	changed := maps.Clone(query)
	if changed == nil {
		changed = url.Values{}
	}
	changed.Set(name, value)
	return changed
}

// hand gives a page's records to the reader, those that cannot be read last, and reports whether the list goes on.
func (w walk[T]) hand(ctx context.Context, p page[T], to reader[T]) bool {
	for i, record := range p.Results {
		if !w.handOne(ctx, record, p.ids[i], p.light, to) {
			return false
		}
	}
	for _, odd := range p.odd {
		if !to.once(odd.ID) {
			continue
		}
		if !to.yield(*new(T), odd) {
			return false
		}
	}
	return true
}

func (w walk[T]) handOne(ctx context.Context, record T, id string, light bool, to reader[T]) bool {
	if !to.once(id) {
		return true
	}
	if !light {
		return to.yield(record, nil)
	}
	record, err := w.complete(ctx, record)
	switch {
	case err == nil:
		return to.yield(record, nil)
	case errors.Is(err, ErrNotFound):
		return true // It went away since its page was read; the list would not show it now.
	case errors.Is(err, ErrTooLarge), errors.Is(err, ErrUnreadable):
		return to.yield(*new(T), &ItemError{ID: id, Path: shownPath(w.call.path), cause: err})
	default:
		to.yield(*new(T), err)
		return false
	}
}

// once reports whether a record was not handed over yet. One without an id cannot be told from others of its kind.
func (r reader[T]) once(id string) bool {
	if id == "" {
		return true
	}
	before := r.seen[id]
	r.seen[id] = true
	return !before
}

// collect reads a whole list into memory; for lists that stay short, and of which no record may be missing.
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
