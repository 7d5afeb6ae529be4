package plane

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// shelf is a project whose work items have descriptions of any size. A cursor holds for the page size that it was
// given for, and is nothing that a client could take apart.
type shelf struct {
	sizes []int // bytes of each description; the work item's id is its place
	// picks says that fields= is honoured, as on a real server.
	picks bool
	gone  string // a work item that is deleted while the list is read
	asked []string
}

func (s *shelf) RoundTrip(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	whole := !s.picks || !query.Has("fields") || strings.Contains(query.Get("fields"), longField)
	if id := strings.Split(strings.Trim(r.URL.Path, "/"), "/"); len(id) == 8 {
		s.asked = append(s.asked, "GET "+id[7])
		n, err := strconv.Atoi(id[7])
		if err != nil || id[7] == s.gone {
			return answer(r, 404, `{"error":"The requested resource does not exist."}`), nil
		}
		return answer(r, 200, s.record(n, whole)), nil
	}
	size, start := 1000, 0
	if n, err := strconv.Atoi(query.Get("per_page")); err == nil {
		size = n
	}
	s.asked = append(s.asked, fmt.Sprintf("%d from %s", size, query.Get("cursor")))
	if cursor := query.Get("cursor"); cursor != "" {
		var of int
		if _, err := fmt.Sscanf(cursor, "opaque/%d/%d", &of, &start); err != nil || of != size {
			return answer(r, 400, `{"detail":"Invalid cursor parameter."}`), nil
		}
	}
	end := min(start+size, len(s.sizes))
	var records []string
	for n := start; n < end; n++ {
		records = append(records, s.record(n, whole))
	}
	body := fmt.Sprintf(`{"results":[%s],"next_page_results":%v,"next_cursor":"opaque/%d/%d"}`, strings.Join(records, ","), end < len(s.sizes), size, end)
	return &http.Response{
		StatusCode: 200, Header: http.Header{}, Request: r, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func (s *shelf) record(n int, whole bool) string {
	if !whole {
		return fmt.Sprintf(`{"id":"%d","name":"n"}`, n)
	}
	return fmt.Sprintf(`{"id":"%d","name":"n","description_html":%q}`, n, strings.Repeat("x", s.sizes[n]))
}

// sized is a project of n small work items and large ones at some places.
func sized(n, large int, at ...int) []int {
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = 10
	}
	for _, place := range at {
		sizes[place] = large
	}
	return sizes
}

func (s *shelf) client(t *testing.T, limit int64) *Client {
	c := clientOver(t, s, func(cfg *Config) { cfg.Budget = freeBudget{} })
	c.maxBody = limit
	return c
}

func TestAPageOverTheLimitDoesNotEndTheList(t *testing.T) {
	t.Parallel()
	const limit = 20_000
	for name, tc := range map[string]struct {
		shelf   shelf
		partial bool
		all     int    // work items read
		whole   int    // of them, with their description
		odd     string // reported as unreadable
		most    int    // requests
	}{
		"read without descriptions when they may be missing": {shelf{sizes: sized(250, 9000, 110, 120, 130), picks: true}, true, 250, 150, "", 4},
		"read one by one when they may not":                  {shelf{sizes: sized(250, 9000, 110, 120, 130), picks: true}, false, 250, 250, "", 104},
		"one that is too large by itself is reported":        {shelf{sizes: sized(250, 30000, 110), picks: true}, false, 249, 249, "110", 104},
		"one that is too large comes without it":             {shelf{sizes: sized(250, 30000, 110), picks: true}, true, 250, 150, "", 4},
		"one that goes away meanwhile is not shown":          {shelf{sizes: sized(50, 30000, 10), picks: true, gone: "20"}, false, 48, 48, "10", 52},
		"read in smaller pages where fields are ignored":     {shelf{sizes: sized(250, 9000, 110, 111, 112)}, false, 250, 250, "", 600},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items, odd, err := read(t, tc.shelf.client(t, limit), ListOptions{Partial: tc.partial})
			if err != nil {
				t.Fatal(err)
			}
			whole, seen := 0, map[string]bool{}
			for _, item := range items {
				if seen[item.ID] {
					t.Errorf("work item %s came twice", item.ID)
				}
				seen[item.ID] = true
				if (item.DescriptionHTML == "") != (len(item.LeftOut) == 1) {
					t.Errorf("work item %s says that %v is left out", item.ID, item.LeftOut)
				}
				if item.DescriptionHTML != "" {
					whole++
				}
			}
			var reported string
			for _, o := range odd {
				reported += o.ID
			}
			if len(items) != tc.all || whole != tc.whole || reported != tc.odd {
				t.Errorf("%d work items, %d of them whole, reported %q; want %d, %d, %q", len(items), whole, reported, tc.all, tc.whole, tc.odd)
			}
			if n := len(tc.shelf.asked); n > tc.most {
				t.Errorf("%d requests, want at most %d: %v", n, tc.most, tc.shelf.asked[:10])
			}
		})
	}
}

func TestAListWithoutDescriptionsGoesOnInSmallerPages(t *testing.T) {
	t.Parallel()
	s := &shelf{sizes: sized(120, 10)}
	items, _, err := read(t, s.client(t, 3000), ListOptions{View: View{Fields: []string{"id", "name"}}})
	if err != nil || len(items) != 120 {
		t.Fatalf("%d work items, error %v", len(items), err)
	}
	if got := strings.Join(s.asked, ", "); !strings.HasPrefix(got, "100 from , 50 from , 50 from opaque/50/50, 50 from opaque/50/100") || len(s.asked) != 4 {
		t.Errorf("asked %s", got)
	}
}

func TestAnItemOverTheLimitOnAServerThatIgnoresFieldsEndsTheListWithThatReason(t *testing.T) {
	t.Parallel()
	s := &shelf{sizes: sized(4, 30_000, 2)}
	items, _, err := read(t, s.client(t, 20_000), ListOptions{PerPage: 2})
	if !errors.Is(err, ErrTooLarge) || ids(items) != "0 1" {
		t.Errorf("read %q, error %v", ids(items), err)
	}
}

// TestACommentOverTheLimitIsNotTakenForAbsent: comments have no look-up, so the list decides whether one is there.
func TestACommentOverTheLimitIsNotTakenForAbsent(t *testing.T) {
	t.Parallel()
	c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Get("fields") == "id" {
			return answer(r, 200, listed(`{"id":"c"}`)), nil
		}
		return answer(r, 200, listed(fmt.Sprintf(`{"id":"c","comment_html":%q}`, strings.Repeat("x", 3000)))), nil
	}), func(cfg *Config) { cfg.Budget = freeBudget{} })
	c.maxBody = 2000
	_, err := c.commentByPair(t.Context(), "p", "i", NewComment{ExternalSource: "odoo", ExternalID: "m,1"})
	if !errors.Is(err, ErrUnreadable) || errors.Is(err, ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

// TestAnAnswerThatSaysItIsTooLargeIsNotRead keeps a client from holding what it is about to refuse.
func TestAnAnswerThatSaysItIsTooLargeIsNotRead(t *testing.T) {
	t.Parallel()
	c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		res := answer(r, 200, "")
		res.ContentLength, res.Body = 5000, io.NopCloser(unread{t})
		return res, nil
	}))
	c.maxBody = 2000
	if _, err := c.Me(t.Context()); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v", err)
	}
}

type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}
