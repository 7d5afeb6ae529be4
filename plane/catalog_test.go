package plane

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const reorderedStates = `{"results":[
	{"id":"late","group":"started","sequence":300,"name":"Review"},
	{"id":"early","group":"started","sequence":100.5,"name":"Doing"},
	{"id":"first","group":"backlog","sequence":10,"name":"Inbox"},
	{"id":"chosen","group":"backlog","sequence":20,"name":"Backlog","default":true}],"next_page_results":false}`

// projectServer has states, labels and members, and one label that somebody else creates first.
type projectServer struct {
	states, labels, members, created atomic.Int32
}

func (s *projectServer) RoundTrip(r *http.Request) (*http.Response, error) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch collection := path[strings.LastIndex(path, "/")+1:]; {
	case collection == "states":
		s.states.Add(1)
		return answer(r, 200, reorderedStates), nil
	case collection == "members":
		s.members.Add(1)
		return answer(r, 200, `[{"id":"u","display_name":"maria"}]`), nil
	case collection == "labels" && r.Method == http.MethodGet:
		s.labels.Add(1)
		return answer(r, 200, `{"results":[{"id":"l-1","name":"area:compliance"}],"next_page_results":false}`), nil
	default:
		s.created.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if strings.Contains(string(body), "raced") {
			return answer(r, 409, `{"error":"Label with the same name already exists in the project","id":"l-raced"}`), nil
		}
		return answer(r, 201, `{"id":"l-new","name":"form:1601C"}`), nil
	}
}

func TestTheStateForAGroupIsTheDefaultElseTheFirst(t *testing.T) {
	t.Parallel()
	server := &projectServer{}
	catalog := NewCatalog(clientOver(t, server))
	for group, want := range map[StateGroup]string{GroupStarted: "early", GroupBacklog: "chosen"} {
		if state, err := catalog.StateFor(t.Context(), "p", group); err != nil || state.ID != want {
			t.Errorf("group %s: state %q, error %v", group, state.ID, err)
		}
	}
	if _, err := catalog.StateFor(t.Context(), "p", GroupCancelled); !errors.Is(err, ErrNoState) {
		t.Errorf("a group without states: error %v", err)
	}
	if group, err := catalog.GroupOf(t.Context(), "p", "late"); err != nil || group != GroupStarted {
		t.Errorf("group %q, error %v", group, err)
	}
	if n := server.states.Load(); n != 1 {
		t.Errorf("states were read %d times", n)
	}
	catalog.Forget("p")
	if _, err := catalog.StateFor(t.Context(), "p", GroupStarted); err != nil || server.states.Load() != 2 {
		t.Errorf("after Forget states were read %d times, error %v", server.states.Load(), err)
	}
}

func TestMissingLabelsAreMadeOnceAndRacedOnesAdopted(t *testing.T) {
	t.Parallel()
	server := &projectServer{}
	catalog := NewCatalog(clientOver(t, server))
	for range 2 {
		ids, err := catalog.LabelIDs(t.Context(), "p", "form:1601C", "area:compliance", "raced")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"l-new", "l-1", "l-raced"}, ids); diff != "" {
			t.Errorf("ids differ (-want +got):\n%s", diff)
		}
	}
	if server.labels.Load() != 1 || server.created.Load() != 2 {
		t.Errorf("labels were read %d times, %d creates were sent", server.labels.Load(), server.created.Load())
	}
	names, err := catalog.LabelNames(t.Context(), "p", "l-1", "l-raced", "gone")
	if diff := cmp.Diff(map[string]string{"l-1": "area:compliance", "l-raced": "raced"}, names); diff != "" || err != nil {
		t.Errorf("names differ, error %v (-want +got):\n%s", err, diff)
	}
}

func TestSomebodyWhoLeftIsLookedForOnce(t *testing.T) {
	t.Parallel()
	server := &projectServer{}
	catalog := NewCatalog(clientOver(t, server))
	for range 3 {
		for id, want := range map[string]string{"u": "maria", "left": ""} {
			if name, err := catalog.MemberName(t.Context(), "p", id); err != nil || name != want {
				t.Errorf("member %s is %q, error %v", id, name, err)
			}
		}
	}
	if n := server.members.Load(); n > 2 {
		t.Errorf("members were read %d times", n)
	}
}

// Whoever may read a project's members is one of them, so a list of nobody is not Plane's; a proxy's "[]" would leave
// everybody without a name for as long as the process lives.
func TestAListOfMembersWithoutAnybodyIsNotBelieved(t *testing.T) {
	t.Parallel()
	answers := oddCatalogue{"members": `[]`}
	catalog := NewCatalog(clientOver(t, answers))
	if name, err := catalog.MemberName(t.Context(), "p", "u"); !errors.Is(err, ErrForeign) {
		t.Errorf("member %q, error %v", name, err)
	}
	answers["members"] = `[{"id":"u","display_name":"maria"}]`
	if name, err := catalog.MemberName(t.Context(), "p", "u"); err != nil || name != "maria" {
		t.Errorf("member %q, error %v", name, err)
	}
}

// A list may be older than somebody's joining, or a page short of one.
func TestWhoWasInNoListIsLookedForAgainAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := oddCatalogue{"members": `[{"id":"u","display_name":"maria"}]`}
		catalog := NewCatalog(clientOver(t, answers))
		if name, err := catalog.MemberName(t.Context(), "p", "new"); err != nil || name != "" {
			t.Errorf("member %q, error %v", name, err)
		}
		answers["members"] = `[{"id":"u","display_name":"maria"},{"id":"new","display_name":"jose"}]`
		time.Sleep(strangerHolds)
		if name, err := catalog.MemberName(t.Context(), "p", "new"); err != nil || name != "jose" {
			t.Errorf("member %q, error %v", name, err)
		}
	})
}

// Each lane asks by itself, and the list that was asked for first may come last.
func TestALabelMadeWhileAListIsOnItsWayStaysKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lists := 0
		catalog := NewCatalog(clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				return answer(r, 201, `{"id":"made","name":"urgent!"}`), nil
			}
			if lists++; lists == 1 {
				time.Sleep(10 * time.Second)
			}
			return answer(r, 200, `{"results":[],"next_page_results":false}`), nil
		})))
		var sweep sync.WaitGroup
		sweep.Go(func() {
			if _, err := catalog.MissingLabels(WithLane(t.Context(), LaneSweep), "p", nil); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if _, err := catalog.LabelIDs(WithLane(t.Context(), LaneInteractive), "p", "urgent!"); err != nil {
			t.Fatal(err)
		}
		sweep.Wait()
		if names, err := catalog.LabelNames(t.Context(), "p", "made"); err != nil || names["made"] != "urgent!" || lists != 2 {
			t.Errorf("%d lists; names %v, %v", lists, names, err)
		}
	})
}

func TestManyWorkersReadAProjectOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &projectServer{}
		catalog := NewCatalog(clientOver(t, server))
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := catalog.LabelIDs(t.Context(), "p", "form:1601C"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if server.labels.Load() != 1 || server.created.Load() != 1 {
			t.Errorf("labels were read %d times, %d creates were sent", server.labels.Load(), server.created.Load())
		}
	})
}

// slowServer answers after a second of the bubble's clock, and fails while it is away.
type slowServer struct {
	projectServer
	away atomic.Bool
}

func (s *slowServer) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(time.Second):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	answered, err := s.projectServer.RoundTrip(r)
	if s.away.Load() {
		return answer(r, 403, `{"detail":"Given API token is not valid"}`), nil
	}
	return answered, err
}

func TestAWorkerThatGivesUpDoesNotTakeTheCatalogueFromTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slowServer{}
		catalog := NewCatalog(clientOver(t, server))
		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := catalog.States(hasty, "p"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the hasty worker got %v", err)
			}
		})
		synctest.Wait()
		if states, err := catalog.States(t.Context(), "p"); err != nil || len(states) == 0 {
			t.Errorf("the patient worker got %v, %v", states, err)
		}
		wg.Wait()
		if n := server.states.Load(); n != 1 {
			t.Errorf("states were read %d times", n)
		}
	})
}

func TestWhatNobodyWaitsForAnyMoreIsNotAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var cut error
		catalog := NewCatalog(clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			cut = r.Context().Err()
			return nil, cut
		})))
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := catalog.States(hasty, "p"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if !errors.Is(cut, context.Canceled) {
			t.Errorf("the request goes on: %v", cut)
		}
	})
}

func TestAPanicWhileTheCatalogueIsReadIsAnError(t *testing.T) {
	t.Parallel()
	catalog := NewCatalog(clientOver(t, &projectServer{}), WithLabelColors(func(string, string) string { panic("no colour") }))
	if _, err := catalog.LabelIDs(t.Context(), "p", "form:1601C"); err == nil || !strings.Contains(err.Error(), "no colour") {
		t.Errorf("got %v", err)
	}
}

func TestAFailedReadOfTheCatalogueIsNotRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slowServer{}
		catalog := NewCatalog(clientOver(t, server))
		server.away.Store(true)
		if _, err := catalog.States(t.Context(), "p"); err == nil {
			t.Fatal("read states from a server that refuses")
		}
		server.away.Store(false)
		if _, err := catalog.States(t.Context(), "p"); err != nil {
			t.Errorf("the server is back: %v", err)
		}
	})
}

// impatient is a budget without room, for whoever says how long he waits.
type impatient struct{}

func (impatient) Wait(ctx context.Context, _ Lane) error {
	time.Sleep(time.Second)
	if _, limited := MaxWaitOf(ctx); limited {
		return &BusyError{Until: time.Now().Add(time.Minute)}
	}
	return nil
}
func (impatient) Observe(context.Context, Observation) {}
func (impatient) Status(context.Context) BudgetStatus  { return BudgetStatus{} }

func TestWhatOneWorkerWouldNotWaitForIsNoAnswerForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &projectServer{}
		catalog := NewCatalog(clientOver(t, server, func(c *Config) { c.Budget = impatient{} }))
		var wg sync.WaitGroup
		wg.Go(func() {
			var busy *BusyError
			if _, err := catalog.States(WithMaxWait(t.Context(), 0), "p"); !errors.As(err, &busy) {
				t.Errorf("the impatient worker got %v", err)
			}
		})
		synctest.Wait()
		if _, err := catalog.States(t.Context(), "p"); err != nil {
			t.Errorf("the patient worker got %v", err)
		}
		wg.Wait()
	})
}

// colorServer keeps the color of each label that is created.
type colorServer map[string]string

func (s colorServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		return answer(r, 200, `{"results":[{"id":"l-1","name":"form:1700"}],"next_page_results":false}`), nil
	}
	var made NewLabel
	if err := json.NewDecoder(r.Body).Decode(&made); err != nil {
		return nil, err
	}
	s[made.Name] = made.Color
	return answer(r, 201, `{"id":"l-`+made.Name+`","name":"`+made.Name+`"}`), nil
}

func TestCreatedLabelsGetTheColorThatWasChosenForThem(t *testing.T) {
	t.Parallel()
	colors := colorServer{}
	catalog := NewCatalog(clientOver(t, colors), WithLabelColors(func(project, name string) string {
		return map[string]string{"p risk:deliverability": "#dc2626", "p form:1700": "#000000"}[project+" "+name]
	}))
	if _, err := catalog.LabelIDs(t.Context(), "p", "risk:deliverability", "other", "form:1700"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(colorServer{"risk:deliverability": "#dc2626", "other": LabelColor}, colors); diff != "" {
		t.Errorf("created labels (-want +got):\n%s", diff)
	}
}

// A label, a state or a person that cannot be read hides no other.
func TestAnOddRecordOfTheCatalogueHidesNoOther(t *testing.T) {
	t.Parallel()
	odd := oddCatalogue{
		"states":  `{"results":[{"id":"odd","group":"started","sequence":"first"},{"id":"s","group":"started","name":"Doing"}],"next_page_results":false}`,
		"labels":  `{"results":[{"id":"odd","name":5},{"id":"l","name":"area:compliance"}],"next_page_results":false}`,
		"members": `[{"id":"odd","role":"owner"},{"id":"u","display_name":"maria"}]`,
	}
	catalog := NewCatalog(clientOver(t, odd))
	if state, err := catalog.StateFor(t.Context(), "p", GroupStarted); err != nil || state.ID != "s" {
		t.Errorf("state %q, error %v", state.ID, err)
	}
	if ids, err := catalog.LabelIDs(t.Context(), "p", "area:compliance"); err != nil || len(ids) != 1 || ids[0] != "l" {
		t.Errorf("labels %q, error %v", ids, err)
	}
	if name, err := catalog.MemberName(t.Context(), "p", "u"); err != nil || name != "maria" {
		t.Errorf("member %q, error %v", name, err)
	}
}

// oddCatalogue answers each collection with a body of its own.
type oddCatalogue map[string]string

func (o oddCatalogue) RoundTrip(r *http.Request) (*http.Response, error) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	return answer(r, 200, o[path[strings.LastIndex(path, "/")+1:]]), nil
}
