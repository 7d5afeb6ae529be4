package planetest

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestEveryRecordingIsReplayed holds that the sessions below leave none out.
func TestEveryRecordingIsReplayed(t *testing.T) {
	t.Parallel()
	sessions := [][2]int{{firstFrom, firstTo}, {secondFrom, secondTo}, {thirdFrom, thirdTo}}
	for _, name := range recordings(t, "") {
		n, replayed := numberOf(t, name), false
		for _, s := range sessions {
			replayed = replayed || s[0] <= n && n <= s[1]
		}
		if !replayed {
			t.Errorf("%s belongs to no session: replay it", name)
		}
	}
}

const (
	firstFrom, firstTo   = 1, 51
	secondFrom, secondTo = 52, 167
	thirdFrom, thirdTo   = 168, 181
)

// TestAnswersAreThoseOfARealServer replays what a real server was asked, in
// order, and wants the same answers: status, headers, and bodies to the byte.
func TestAnswersAreThoseOfARealServer(t *testing.T) {
	t.Parallel()
	x := newSession(recordedSeed())
	x.without = map[int]string{50: "the rate limit has a test of its own", 51: "the rate limit has a test of its own"}
	x.prepare = map[int]func(){
		15: func() { x.person(t, NewItem{Name: "[1601C] Sept 2026", StateGroup: "started"}, "maria") },
		34: func() {
			for i := range 5 {
				createOverAPI(t, x.client(), fmt.Sprintf(`{"name":"bulk %d"}`, i))
			}
		},
		43: func() {
			made := createOverAPI(t, x.client(), `{"name":"again","external_source":"odoo","external_id":"bir.filing.deadline,80"}`)
			x.ids.learn("cd546a51-f3de-4498-b7e0-540c3edf5f78", made)
		},
	}
	x.replay(t, firstFrom, firstTo)
}

// The records that the later recordings name besides those of recordedSeed.
const (
	laterProject  = "d22713e2-58c1-4759-9ac5-acc07661348e"
	laterLabel    = "1cc05277-8951-4b62-9475-d0d31e0ad803" // of laterProject
	laterArea     = "fa44e221-b366-493c-9c99-28c54d622525"
	laterOutsider = "acba27c4-8f26-45fe-88a2-711be98e00b7"
	laterJuan     = "6bbfc2d1-ee02-4109-ba74-4bde8f14cdca"
	laterService  = "cb0f885c-04ce-497e-8ee9-6710322ed68a"
)

// laterSeed is the workspace of the later recordings: a second project, and
// people who are in neither.
func laterSeed() Seed {
	seed := recordedSeed()
	seed.Projects[0].Members = []string{"maria", "bridge"}
	seed.Projects = append(seed.Projects, SeedProject{
		ID: laterProject, Name: "Month end close", Identifier: "MEC", Members: []string{"bridge"},
		States: []SeedState{
			{ID: "12608c1e-45a5-4039-bd94-f9e2ae259cbe", Name: "Backlog", Group: "backlog", Default: true},
			{ID: "b9966ba7-3f05-4873-a45b-23850227b5ec", Name: "Todo", Group: "unstarted"},
		},
	})
	seed.People = append([]Person{
		{ID: laterService, FirstName: "Service", LastName: "Bot", Email: "bot@example.com", DisplayName: "service-bot", Role: 15, Bot: true},
		{ID: laterOutsider, FirstName: "Outsider", Email: "outsider@example.com", DisplayName: "outsider", Role: 15},
		{ID: laterJuan, FirstName: "Juan", Email: "juan@example.com", DisplayName: "juan", Role: 15},
	}, seed.People...)
	seed.Keys = append(seed.Keys, Key{Key: "outsider", User: "outsider"}, Key{Key: "juan", User: "juan"}, Key{Key: "service", User: "service-bot", Service: true})
	return seed
}

func newSession(seed Seed) *session {
	return &session{server: New(Options{Limit: 6000, Seed: seed, Now: tickingClock()}), ids: newTranslation()}
}

// newLaterSession has what was in the workspace before the first of the later recordings.
func newLaterSession() *session {
	x := newSession(laterSeed())
	s := x.server
	area := s.addLabel(s.projects[0], "area:compliance", "#0ea5e9", "")
	area.id, area.source, area.externalID = laterArea, "odoo", "label:area:compliance"
	s.addLabel(s.projects[1], "close", "#888888", "").id = laterLabel
	s.projects[1].createdBy = recordedBot
	s.projects[1].logo = object{{"icon", object{{"name", "empty_dashboard"}, {"color", "#02b55c"}}}, {"in_use", "icon"}}
	return x
}

// estimated gives the first project its estimate, which v1 cannot make.
func (x *session) estimated() {
	p := x.server.projects[0]
	p.estimate = "e2feec7d-e1aa-49c8-b4ff-a8f5483108b6"
	p.points = []string{"ab3893b4-c607-499f-b297-0b109cb944af", "6b58b1cf-da54-414c-9768-c5a864b7338e"}
}

// person makes an item that was not recorded. A recorded id may be given for it.
func (x *session) person(t *testing.T, item NewItem, actor string, recordedID ...string) string {
	t.Helper()
	id, err := x.server.CreateItem(actor, item)
	if err != nil {
		t.Fatal(err)
	}
	for _, recorded := range recordedID {
		x.ids.learn(recorded, id)
	}
	return id
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func odooItem(name, externalID string) NewItem {
	return NewItem{Name: name, ExternalSource: "odoo", ExternalID: externalID}
}

// TestLaterAnswersAreThoseOfARealServer goes through doubles, refusals, archives,
// Intake, an archived project and large bodies.
func TestLaterAnswersAreThoseOfARealServer(t *testing.T) {
	t.Parallel()
	x := newLaterSession()
	s := x.server
	var archived, archivedToo string
	x.without = map[int]string{53: "two requests at once have a test of their own; the item is made below"}
	x.keys = map[int]string{119: "service"}
	for n := 79; n <= 87; n++ {
		x.keys[n] = "outsider"
	}
	x.prepare = map[int]func(){
		53: func() {
			double := odooItem("[1601C] Compensation WHT - 10/2026", "bir.filing.deadline,100")
			x.person(t, double, "bridge", "689ed266-ae52-435d-a482-3e900fe87bd6")
		},
		56: func() {
			item := odooItem("[2550Q] Q3/2026", "bir.filing.deadline,200")
			item.TargetDate = "2026-10-25"
			x.person(t, item, "bridge", "cbbe95ba-3b03-4c83-89a5-92b927677e93")
		},
		57: func() { must(t, s.Delete("bridge", x.ids.toSimulated["689ed266-ae52-435d-a482-3e900fe87bd6"])) },
		89: x.estimated,
		95: func() { must(t, s.SetParent("bridge", itemIn(x, 93), itemIn(x, 56))) },
		104: func() {
			x.ids.learn("78279d4e-a4a9-4d3d-bff2-95f396bff512", s.addLabel(s.projects[0], "form:2550Q", "#888888", recordedBot).id)
		},
		119: func() { must(t, s.SetProjectRole(recordedProject, "service-bot", 15)) },
		123: func() {
			item := odooItem("[1702Q] Q3/2026", "bir.filing.deadline,210")
			item.TargetDate, item.StateGroup = "2026-11-29", "completed"
			archived = x.person(t, item, "bridge", "bee21a23-9c09-45d9-8650-9b36ddbf4d71")
			must(t, s.Archive("bridge", archived))
		},
		133: func() {
			item := odooItem("[1702Q] Q2/2026", "bir.filing.deadline,211")
			item.StateGroup = "completed"
			archivedToo = x.person(t, item, "bridge", "09dab88c-efcd-4f11-baf6-86f2d341a9d3")
			must(t, s.Archive("bridge", archivedToo))
		},
		135: func() {
			x.person(t, odooItem("[1601EQ] Q3/2026", "bir.filing.deadline,212"), "bridge", "4e27107a-2cba-42e0-942a-fb268b74a3dc")
		},
		150: func() {
			item := odooItem("Close 10/2026", "task,1")
			item.ProjectID = laterProject
			x.person(t, item, "bridge", "20625770-6f8a-438d-8f1b-ea722a435e84")
			must(t, s.ArchiveProject("bridge", laterProject))
		},
		161: func() { must(t, s.RestoreProject("bridge", laterProject)) },
	}
	x.replay(t, secondFrom, secondTo)
}

// itemIn is the simulation's id of the item in the path of a recording.
func itemIn(x *session, n int) string {
	recorded := map[int]string{56: "cbbe95ba-3b03-4c83-89a5-92b927677e93", 93: "840e87fd-7c2e-44ae-80ee-adf6c5ac894d"}
	return x.ids.toSimulated[recorded[n]]
}

// TestTwoCreatesOfOnePairAtOnceBothSucceed replays the pair of requests that made
// the double of the later recordings.
func TestTwoCreatesOfOnePairAtOnceBothSucceed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newLaterSession()
		x.server.MultiRace(true)
		x.server.Spend("plane_api_EXAMPLE", 3)
		first := read[replayed](t, "", "52-work-item-create-concurrent-1.json")
		request, done := first.request(t, x.ids), make(chan struct{})
		var response *http.Response
		var body []byte
		var err error
		go func() {
			defer close(done)
			response, body, err = send(x.client(), request)
		}()
		time.Sleep(time.Millisecond) // Of the bubble's clock: the first one is past its check.
		x.ask(t, read[replayed](t, "", "53-work-item-create-concurrent-2.json"))
		<-done
		must(t, err)
		x.compare(t, first, response, body)
	})
}

// TestLastAnswersAreThoseOfARealServer asks as a guest, as a member and as an
// admin of a project that has been at work for a while.
func TestLastAnswersAreThoseOfARealServer(t *testing.T) {
	t.Parallel()
	x := newLaterSession()
	s := x.server
	x.keys = map[int]string{168: "juan", 169: "juan", 170: "juan", 171: "juan", 172: "service", 173: "service", 174: "service", 175: "service"}
	x.prepare = map[int]func(){
		168: func() {
			must(t, s.SetProjectRole(recordedProject, "juan", roleGuest))
			must(t, s.SetProjectRole(recordedProject, "service-bot", 15))
			x.twentyItems(t)
			x.person(t, odooItem("[1600WP] 11/2026", "bir.filing.deadline,400"), "bridge", "2800f0ba-41f4-41b2-959d-eab97bc2b314")
		},
		178: func() {
			for _, recorded := range []string{"dd75de6e-98ce-453f-8314-75f48fe13651", "71f118e9-0dd3-47d4-b74f-84293251e666"} {
				x.person(t, odooItem("[1604E] 2026", "bir.filing.deadline,410"), "bridge", recorded)
			}
		},
		181: func() { must(t, s.Unarchive("bridge", x.ids.toSimulated["2800f0ba-41f4-41b2-959d-eab97bc2b314"])) },
	}
	x.replay(t, thirdFrom, thirdTo)
}

// twentyItems leaves twelve of twenty items, the one that was changed last with
// the highest place in the backlog.
func (x *session) twentyItems(t *testing.T) {
	for n := 1; n <= 20; n++ {
		id := x.person(t, NewItem{Name: fmt.Sprint("filler ", n), StateGroup: "started"}, "bridge")
		if n <= 8 {
			must(t, x.server.Delete("bridge", id))
		}
	}
	last := x.server.items[len(x.server.items)-1]
	last.state, last.sortOrder = last.project.defaultState(), 125535
	x.ids.learn("84ec8272-d773-4050-bbe3-0a42edfa5495", last.id)
	must(t, x.server.RenameItem("bridge", last.id, "[1601EQ] Q3/2026 sa arkibo"))
}
