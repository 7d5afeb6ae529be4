package plane

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// conformance replays one recording. A case without want expects an error that sentinel and check describe.
type conformance struct {
	do       func(ctx context.Context, c *Client) (any, error)
	want     func(t *testing.T, got any)
	sentinel error
	check    func(t *testing.T, e *Error)
	sent     bool // compare the request body with the recorded one
	tries    int  // expected requests; 0 means 1
}

func createItem(item NewWorkItem) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) { return c.CreateWorkItem(ctx, wireProject, item) }
}

func me(ctx context.Context, c *Client) (any, error) { return c.Me(ctx) }

// oneListPage reads records of the first page only; the recordings hold one page each.
func oneListPage(opts ListOptions) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) {
		p, err := fetch[page[WorkItem]](ctx, c, get(c.items(wireProject), opts.query()))
		return p, err
	}
}

func fieldMessage(name, part string) func(*testing.T, *Error) {
	return func(t *testing.T, e *Error) {
		t.Helper()
		if got := strings.Join(e.Fields[name], " "); !strings.Contains(got, part) {
			t.Errorf("message of field %s is %q, want %q in it; all: %v", name, got, part, e.Fields)
		}
	}
}

func existing(id string) func(*testing.T, *Error) {
	return func(t *testing.T, e *Error) {
		t.Helper()
		if e.ExistingID != id {
			t.Errorf("ExistingID = %q, want %q", e.ExistingID, id)
		}
	}
}

func message(part string) func(*testing.T, *Error) {
	return func(t *testing.T, e *Error) {
		t.Helper()
		if !strings.Contains(e.Message, part) {
			t.Errorf("Message = %q, want %q in it", e.Message, part)
		}
	}
}

func unrouted(want bool) func(*testing.T, *Error) {
	return func(t *testing.T, e *Error) {
		t.Helper()
		if e.Unrouted != want {
			t.Errorf("Unrouted = %v, want %v", e.Unrouted, want)
		}
	}
}

// is compares a part of the result that get takes out.
func is[T, V any](want V, get func(T) V) func(*testing.T, any) {
	return func(t *testing.T, got any) {
		t.Helper()
		typed, ok := got.(T)
		if !ok {
			t.Fatalf("result is %T", got)
		}
		if diff := cmp.Diff(want, get(typed)); diff != "" {
			t.Errorf("result differs (-want +got):\n%s", diff)
		}
	}
}

var (
	bridgeUser = User{ID: "9bd2cb9b-7a8a-427a-bdf9-0b8dd59e2d2f", FirstName: "Bridge", LastName: "Bot", Email: "bridge@example.com", DisplayName: "bridge"}
	maria      = User{ID: "cdec0c5f-d922-4145-b08c-2a75e7aac8fa", FirstName: "Maria", Email: "maria@example.com", DisplayName: "maria"}
	isBridge   = is(bridgeUser, func(u User) User { return u })
)

type itemFacts struct {
	ID, Name, HTML, State, Source, External string
	Priority                                Priority
	Target                                  Date
	Labels                                  []string
	Sequence                                int
}

func factsOf(i WorkItem) itemFacts {
	return itemFacts{
		ID: i.ID, Name: i.Name, HTML: i.DescriptionHTML, State: i.State.ID, Source: i.ExternalSource, External: i.ExternalID,
		Priority: i.Priority, Target: i.TargetDate, Labels: i.Labels.IDs(), Sequence: i.SequenceID,
	}
}

const (
	stateBacklog  = "a9213c44-c29a-4b65-9213-01f3e436a0ea"
	stateProgress = "298c2607-8f80-449e-a852-40015ec15313"
	labelArea     = "fa44e221-b366-493c-9c99-28c54d622525"
)

var compensation = itemFacts{
	ID: wireItem, Name: "[1601C] Compensation WHT - 09/2026", State: stateBacklog, Source: "odoo", External: "bir.filing.deadline,77",
	HTML:     "<div><h2>BIR Tax Filing Deadline</h2><p><strong>Form Type</strong>: 1601C</p></div>",
	Priority: PriorityHigh, Target: "2026-10-20", Labels: []string{labelArea}, Sequence: 2,
}

func compensationWith(change func(*itemFacts)) itemFacts {
	f := compensation
	change(&f)
	return f
}

func names(items []WorkItem) []string {
	var all []string
	for _, i := range items {
		all = append(all, i.Name)
	}
	return all
}

var pageOptions = ListOptions{PerPage: 3, OrderBy: "-updated_at", View: View{Fields: []string{"id", "name", "updated_at"}}}

func pageAt(cursor string) ListOptions {
	o := pageOptions
	o.Filter = map[string][]string{"cursor": {cursor}}
	return o
}

type pageFacts struct {
	Names   []string
	HasNext bool
	Cursor  string
}

func factsOfPage(p page[WorkItem]) pageFacts {
	return pageFacts{Names: names(p.Results), HasNext: p.HasNext, Cursor: p.NextCursor}
}

// TestEveryRecordingGetsItsTypedResult replays real servers' answers through the client.
func TestEveryRecordingGetsItsTypedResult(t *testing.T) {
	t.Parallel()
	cases := map[string]conformance{}
	for _, table := range []map[string]conformance{
		readingCases, writingCases, refusedCases, laterReadingCases, laterWritingCases, laterRefusedCases,
	} {
		maps.Copy(cases, table)
	}
	files, err := filepath.Glob("testdata/wire/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			tc, ok := cases[name]
			if why := notTheClients[name]; why != "" && !ok {
				t.Skip(why)
			}
			if !ok {
				t.Fatal("this recording is in no table: add what the client makes of it")
			}
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { replayCase(t, name, tc) })
		})
		delete(cases, name)
	}
	if rest := slices.Sorted(maps.Keys(cases)); len(rest) > 0 {
		t.Errorf("cases without a recording: %v", rest)
	}
}

func replayCase(t *testing.T, name string, tc conformance) {
	server := &replay{rec: loadRecording(t, name)}
	c := clientOver(t, server, func(cfg *Config) {
		if name == "05-unknown-workspace" {
			cfg.Workspace = "nope"
		}
	})
	got, err := tc.do(t.Context(), c)
	server.assertAsked(t)
	if tc.sent {
		server.assertSent(t)
	}
	if want := max(tc.tries, 1); len(server.seen) != want {
		t.Errorf("%d requests, want %d", len(server.seen), want)
	}
	if tc.want != nil {
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		tc.want(t, got)
		return
	}
	var e *Error
	if !errors.Is(err, tc.sentinel) || !errors.As(err, &e) {
		t.Fatalf("error %v, want %v", err, tc.sentinel)
	}
	if tc.check != nil {
		tc.check(t, e)
	}
	if e.Status != server.rec.Response.Status {
		t.Errorf("Status = %d, want %d", e.Status, server.rec.Response.Status)
	}
}
