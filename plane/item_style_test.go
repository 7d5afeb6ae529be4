package plane

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// styledServer routes one of the two names of the work item collection.
func styledServer(style string, asked *[]string) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		*asked = append(*asked, strings.Split(r.URL.Path, "/")[7])
		switch {
		case !strings.Contains(r.URL.Path, "/"+style+"/"):
			return answer(r, 404, `{"error":"Page not found."}`), nil
		case strings.Contains(r.URL.Path, "/missing/"):
			return answer(r, 404, `{"error":"The requested resource does not exist."}`), nil
		default:
			return answer(r, 200, `{"id":"i"}`), nil
		}
	})
}

func TestAnOlderServerIsAskedForIssuesOnceAndRemembered(t *testing.T) {
	t.Parallel()
	var asked []string
	c := clientOver(t, styledServer("issues", &asked))
	for range 3 {
		if _, err := c.WorkItem(t.Context(), wireProject, "i", View{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(asked, " "); got != "work-items issues issues issues" || c.ItemPathStyle() != "issues" {
		t.Errorf("asked %s, remembers %q", got, c.ItemPathStyle())
	}
}

func TestAMissingRecordIsNoReasonToFallBack(t *testing.T) {
	t.Parallel()
	var asked []string
	c := clientOver(t, styledServer("work-items", &asked))
	_, err := c.WorkItem(t.Context(), wireProject, "missing", View{})
	if !errors.Is(err, ErrNotFound) || IsUnrouted(err) || len(asked) != 1 || c.ItemPathStyle() != "work-items" {
		t.Errorf("asked %v, error %v, remembers %q", asked, err, c.ItemPathStyle())
	}
}

func TestAMissingRecordOnAnOlderServerProvesItsStyle(t *testing.T) {
	t.Parallel()
	var asked []string
	c := clientOver(t, styledServer("issues", &asked))
	_, err := c.WorkItem(t.Context(), wireProject, "missing", View{})
	if !errors.Is(err, ErrNotFound) || IsUnrouted(err) || c.ItemPathStyle() != "issues" {
		t.Errorf("error %v, remembers %q", err, c.ItemPathStyle())
	}
}

func TestAServerThatDropsIssuesIsAskedForWorkItemsAgain(t *testing.T) {
	t.Parallel()
	var asked []string
	c := clientOver(t, styledServer("work-items", &asked))
	c.itemPath.Store(&itemStyles[1])
	if _, err := c.WorkItem(t.Context(), wireProject, "i", View{}); err != nil || c.ItemPathStyle() != "work-items" {
		t.Errorf("error %v, remembers %q", err, c.ItemPathStyle())
	}
}

func TestAServerWithoutEitherNameSaysSo(t *testing.T) {
	t.Parallel()
	var asked []string
	c := clientOver(t, styledServer("nothing", &asked))
	if _, err := c.WorkItem(t.Context(), wireProject, "i", View{}); !IsUnrouted(err) || c.ItemPathStyle() != "" || len(asked) != 2 {
		t.Errorf("asked %v, error %v, remembers %q", asked, err, c.ItemPathStyle())
	}
}

// oldServer answers for issues, and with Django's page for every path that it does not have.
func oldServer(asked *[]string) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		*asked = append(*asked, r.Method+" "+strings.Split(r.URL.Path, "/")[7])
		if strings.Contains(r.URL.Path, "/work-items/") {
			return answer(r, 404, `<!doctype html><title>Not Found</title><h1>Not Found</h1><p>The requested resource was not found on this server.</p>`), nil
		}
		return answer(r, 200, `{"id":"i"}`), nil
	})
}

func TestAPageInPlaceOfWorkItemsChangesTheStyleForAWhileOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		c := clientOver(t, oldServer(&asked), func(cfg *Config) { cfg.Budget = freeBudget{} })
		look := func() {
			if _, err := c.WorkItem(t.Context(), wireProject, "i", View{}); err != nil {
				t.Fatal(err)
			}
		}
		look()
		look()
		if got := strings.Join(asked, ", "); got != "GET work-items, GET work-items, GET issues, GET issues" {
			t.Errorf("asked %s", got)
		}
		time.Sleep(styleDoubt + time.Second) // The bubble's clock; nobody waits.
		asked = nil
		look()
		if got := strings.Join(asked, ", "); got != "GET work-items, GET work-items, GET issues" {
			t.Errorf("later asked %s", got)
		}
	})
}

func TestACreateAnsweredWithAPageIsNotSentToTheOtherPath(t *testing.T) {
	t.Parallel()
	var asked []string
	c := clientOver(t, oldServer(&asked))
	_, err := c.CreateWorkItem(t.Context(), wireProject, NewWorkItem{Name: "n"})
	if !errors.Is(err, ErrUncertain) || strings.Join(asked, ", ") != "POST work-items" {
		t.Errorf("asked %v, error %v", asked, err)
	}
}

func TestNoSuchPathIsNoMissingRecord(t *testing.T) {
	t.Parallel()
	var asked []string
	c := clientOver(t, styledServer("nothing", &asked))
	_, err := c.WorkItem(t.Context(), wireProject, "i", View{})
	if errors.Is(err, ErrNotFound) || !errors.Is(err, ErrUnrouted) {
		t.Errorf("error %v", err)
	}
}
