package plane

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

func pageOf(next bool, cursor string, ids ...string) string {
	var results []string
	for _, id := range ids {
		results = append(results, fmt.Sprintf(`{"id":%q}`, id))
	}
	return fmt.Sprintf(`{"next_cursor":%q,"next_page_results":%v,"results":[%s]}`, cursor, next, strings.Join(results, ","))
}

func TestAListFollowsTheCursorUntilNoPageFollows(t *testing.T) {
	t.Parallel()
	var cursors []string
	pages := map[string]string{"": pageOf(true, "opaque 1", "a", "b"), "opaque 1": pageOf(true, "x:y/z", "c"), "x:y/z": pageOf(false, "present all the same", "d")}
	c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		cursor := r.URL.Query().Get("cursor")
		cursors = append(cursors, cursor)
		if r.URL.Query().Get("per_page") != "100" || r.URL.Query().Get("order_by") != "-updated_at" {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		return answer(r, 200, pages[cursor]), nil
	}))
	items, err := collect(c.WorkItems(t.Context(), wireProject, ListOptions{OrderBy: "-updated_at"}))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(len(items), cursors); got != "4 [ opaque 1 x:y/z]" {
		t.Errorf("items and cursors: %s", got)
	}
}

func TestACursorThatComesTwiceIsAnErrorNotAHang(t *testing.T) {
	t.Parallel()
	for name, pages := range map[string]map[string]string{
		"the same at once":  {"": pageOf(true, "1", "a"), "1": pageOf(true, "1", "b")},
		"in a circle":       {"": pageOf(true, "1", "a"), "1": pageOf(true, "2", "b"), "2": pageOf(true, "1", "c")},
		"empty and no end":  {"": pageOf(true, "", "a")},
		"empty later on":    {"": pageOf(true, "1", "a"), "1": pageOf(true, "", "b")},
		"an empty page too": {"": pageOf(true, "1"), "1": pageOf(true, "1")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				return answer(r, 200, pages[r.URL.Query().Get("cursor")]), nil
			}))
			_, err := collect(c.WorkItems(t.Context(), wireProject, ListOptions{}))
			if err == nil || !strings.Contains(err.Error(), "cursor twice") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestAListStopsAskingWhenItsReaderStops(t *testing.T) {
	t.Parallel()
	asked := 0
	c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		asked++
		return answer(r, 200, pageOf(true, fmt.Sprint(asked), "a")), nil
	}))
	for _, err := range c.WorkItems(t.Context(), wireProject, ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if asked != 1 {
		t.Errorf("%d pages were asked for", asked)
	}
}

func TestAnErrorOnALaterPageIsNotACompleteList(t *testing.T) {
	t.Parallel()
	server := &script{steps: []step{says(200, pageOf(true, "1", "a")), says(403, `{"detail":"no"}`)}}
	items, err := collect(clientOver(t, server).WorkItems(t.Context(), wireProject, ListOptions{}))
	if !errors.Is(err, ErrForbidden) || items != nil {
		t.Errorf("%d items, error %v", len(items), err)
	}
}

func TestAnAnswerAboveTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			return answer(r, 200, `"`+strings.Repeat("x", 1<<20)+`"`), nil
		}))
		c.maxBody = 1 << 10
		if _, err := c.Me(t.Context()); !errors.Is(err, ErrTooLarge) {
			t.Errorf("error %v", err)
		}
	})
}

func TestALookupNeverReturnsAnotherRecord(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body string
		id   string
		want error
	}{
		"one object":                {`{"id":"i","external_source":"odoo","external_id":"m,1"}`, "i", nil},
		"another object":            {`{"id":"x","external_source":"odoo","external_id":"m,2"}`, "", ErrForeign},
		"a page with it":            {`{"results":[{"id":"x"},{"id":"i","external_source":"odoo","external_id":"m,1"}],"next_page_results":false}`, "i", nil},
		"a page without it":         {`{"results":[{"id":"x","external_source":"odoo","external_id":"m,2"}],"next_page_results":false}`, "", ErrNotFound},
		"a first page without it":   {`{"results":[{"id":"x"}],"next_page_results":true,"next_cursor":"1"}`, "", ErrForeign},
		"an unreadable page":        {`{"results":[{"id":"x","created_at":"soon"}],"next_page_results":false}`, "", ErrForeign},
		"an array without it":       {`[{"id":"x"}]`, "", ErrForeign},
		"an empty page":             {`{"results":[],"next_page_results":false}`, "", ErrNotFound},
		"an empty page of no shape": {`{"results":[]}`, "", ErrForeign},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				item, err := clientOver(t, &script{steps: []step{says(200, tc.body), says(200, tc.body)}}).WorkItemByExternalID(t.Context(), wireProject, "odoo", "m,1", View{})
				if item.ID != tc.id || !errors.Is(err, tc.want) {
					t.Errorf("id %q, error %v, want %v", item.ID, err, tc.want)
				}
			})
		})
	}
}
