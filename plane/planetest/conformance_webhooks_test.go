package planetest

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// notSimulated are the webhooks that no act of the simulation sends.
var notSimulated = map[int]string{
	9:  "a retry has tests of its own",
	39: "no cycles", 40: "no cycles", 53: "no cycles", 54: "no cycles",
	41: "no modules", 42: "no modules", 55: "no modules", 56: "no modules",
	43: "no creating of projects", 44: "no deleting of projects",
}

// The webhooks that each of the two tests below brings about.
var (
	firstWebhooks = []int{1, 2, 3, 4, 5, 6, 7, 8}
	laterWebhooks = slices.Concat(numbers(10, 38), numbers(45, 52), []int{57})
)

func numbers(from, to int) []int {
	var list []int
	for n := from; n <= to; n++ {
		list = append(list, n)
	}
	return list
}

// TestEveryRecordedWebhookIsBroughtAbout holds that none is left out.
func TestEveryRecordedWebhookIsBroughtAbout(t *testing.T) {
	t.Parallel()
	for _, name := range recordings(t, "webhooks") {
		n := numberOf(t, name)
		if notSimulated[n] == "" && !slices.Contains(firstWebhooks, n) && !slices.Contains(laterWebhooks, n) {
			t.Errorf("%s is brought about by no test: do what it tells of, or say why not", name)
		}
	}
}

// TestWebhooksAreThoseOfARealServer does what was done when the webhooks were
// recorded, and wants the same bodies to the byte, and signatures that the
// recorded secret makes.
func TestWebhooksAreThoseOfARealServer(t *testing.T) {
	t.Parallel()
	receiver := &receiver{}
	s := New(Options{Limit: 6000, Seed: recordedSeed(), Now: tickingClock(), WebhookTransport: HandlerTransport{Handler: receiver}})
	client := &http.Client{Transport: s.RoundTripper()}
	label := createOverAPI(t, client, `{"name":"area:compliance","color":"#0ea5e9"}`, "labels/")
	fillUpToNumber12(t, s)
	s.AddWebhook("http://bridge/hook", "plane_wh_evalsecret", V1)

	item := createOverAPI(t, client, `{"name":"[2550Q] Q3/2026","target_date":"2026-10-25","external_source":"odoo","external_id":"bir.filing.deadline,90"}`)
	quiesce(t, s)
	patch := func(path, body string) string {
		defer quiesce(t, s)
		return callAPI(t, client, "PATCH", path, body)
	}
	patch("work-items/"+item+"/", `{"assignees":["`+recordedMaria+`"]}`)
	patch("work-items/"+item+"/", `{"labels":["`+label+`"]}`)
	patch("work-items/"+item+"/", `{"state":"`+recordedDone+`","target_date":"2026-10-26"}`)
	comment := createOverAPI(t, client, `{"comment_html":"<p>Filed</p>"}`, "work-items/"+item+"/comments/")
	quiesce(t, s)
	patch("work-items/"+item+"/comments/"+comment+"/", `{"comment_html":"<p>Filed!</p>"}`)
	patch("", `{"description":"x"}`)

	compareWebhooks(t, newTranslation(), receiver.all(), firstWebhooks)
}

// compareWebhooks wants what was received to be the recordings of those numbers.
func compareWebhooks(t *testing.T, ids *translation, got []received, want []int) {
	t.Helper()
	if len(got) != len(want) {
		for _, r := range got {
			t.Logf("%s %s %s", r.text(t, "event"), r.text(t, "action"), r.text(t, "activity", "field"))
		}
		t.Fatalf("%d webhooks, want %d", len(got), len(want))
	}
	for _, name := range recordings(t, "webhooks") {
		if i := slices.Index(want, numberOf(t, name)); i >= 0 {
			t.Run(name, func(t *testing.T) { compareWebhook(t, ids, name, got[i]) })
		}
	}
}

func compareWebhook(t *testing.T, ids *translation, name string, got received) {
	recorded := read[struct {
		Secret  string
		Headers map[string]string
		RawBody string `json:"raw_body"`
	}](t, "webhooks", name)
	ids.compare(t, recorded.RawBody, string(got.body))
	if sign(recorded.Secret, []byte(recorded.RawBody)) != recorded.Headers["X-Plane-Signature"] {
		t.Error("the recorded signature is not what the secret makes of the recorded body")
	}
	if got.header.Get("X-Plane-Signature") != sign(recorded.Secret, got.body) {
		t.Error("the signature is not what the secret makes of the body")
	}
	for _, header := range []string{"User-Agent", "Content-Type", "X-Plane-Event"} {
		if got.header.Get(header) != recorded.Headers[header] {
			t.Errorf("%s: %q, want %q", header, got.header.Get(header), recorded.Headers[header])
		}
	}
	if !uuidPattern.MatchString(got.header.Get("X-Plane-Delivery")) {
		t.Errorf("X-Plane-Delivery: %q is no UUID", got.header.Get("X-Plane-Delivery"))
	}
}

// fillUpToNumber12 leaves the project as it was when the webhooks were
// recorded: number 9 deleted, number 1 out of the backlog.
func fillUpToNumber12(t *testing.T, s *Server) {
	for n := 1; n <= 12; n++ {
		group := "backlog"
		if n == 1 {
			group = "started"
		}
		id, err := s.CreateItem("maria", NewItem{Name: fmt.Sprint("filler ", n), StateGroup: group})
		if err != nil {
			t.Fatal(err)
		}
		if n == 9 {
			if err := s.Delete("maria", id); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The items that the later webhooks are about.
const (
	hookedItem   = "84ec8272-d773-4050-bbe3-0a42edfa5495"
	hookedParent = "85f353f3-1655-4b72-a8c2-1570f384807b"
	hookedSecond = "2800f0ba-41f4-41b2-959d-eab97bc2b314"
)

// TestLaterWebhooksAreThoseOfARealServer goes through every field over the API
// and in the web client, the archive, Intake, and two fields at once.
func TestLaterWebhooksAreThoseOfARealServer(t *testing.T) {
	t.Parallel()
	x := newLaterSession()
	x.estimated()
	to := &receiver{}
	x.server.options.WebhookTransport = HandlerTransport{Handler: to}
	w := &webhookWorld{t: t, session: x}
	w.prepare()
	x.server.AddWebhook("http://bridge/hook", "plane_wh_evalsecret", V1)
	w.changesOverTheAPI()
	w.changesInTheWebClient()
	w.changesOfWhatIsHidden()
	w.changesOfTheSecondItem()
	compareWebhooks(t, x.ids, to.all(), laterWebhooks)
}

// A webhookWorld brings about the later webhooks, each when those before are sent.
type webhookWorld struct {
	*session
	t                    *testing.T
	item, parent, second string
}

// place sets the number and the place that an item had when it was recorded.
func (w *webhookWorld) place(id string, sequence int, sortOrder float64) {
	it := w.server.itemByID(id)
	it.sequence, it.sortOrder = sequence, sortOrder
	it.project.sequence = max(it.project.sequence, sequence)
}

func (w *webhookWorld) prepare() {
	w.person(w.t, NewItem{Name: "in Todo", StateGroup: "unstarted"}, "bridge")
	w.parent = w.person(w.t, NewItem{Name: "parent"}, "bridge", hookedParent)
	item := odooItem("[1601EQ] Q3/2026", "bir.filing.deadline,301")
	item.TargetDate = "2026-10-31"
	w.item = w.person(w.t, item, "bridge", hookedItem)
	w.place(w.item, 12, 135535)
}

// sent waits for the webhooks of an act.
func (w *webhookWorld) sent(err error) {
	w.t.Helper()
	must(w.t, err)
	quiesce(w.t, w.server)
}

func (w *webhookWorld) patch(id, body string) {
	w.t.Helper()
	callAPI(w.t, w.client(), http.MethodPatch, "work-items/"+id+"/", body)
	quiesce(w.t, w.server)
}

// described is the long description that was recorded, as it was sent.
func (w *webhookWorld) described() string {
	recorded := read[struct {
		RawBody string `json:"raw_body"`
	}](w.t, "webhooks", "19-issue-updated-description_html.json")
	return received{body: []byte(recorded.RawBody)}.text(w.t, "activity", "new_value")
}

func (w *webhookWorld) changesOverTheAPI() {
	w.patch(w.item, `{"parent":"`+w.parent+`"}`)
	w.patch(w.item, `{"parent":null}`)
	w.patch(w.item, `{"start_date":"2026-10-01"}`)
	w.patch(w.item, `{"target_date":null}`)
	w.patch(w.item, `{"assignees":["`+recordedMaria+`","`+recordedBot+`"]}`)
	w.patch(w.item, `{"assignees":["`+recordedMaria+`"]}`)
	w.patch(w.item, `{"assignees":[]}`)
	w.patch(w.item, `{"priority":"urgent"}`)
	w.patch(w.item, `{"name":"[1601EQ] Q3/2026 – susog"}`)
	w.patch(w.item, string(restStyle.encode(object{{"description_html", w.described()}})))
	w.patch(w.item, `{"estimate_point":"ab3893b4-c607-499f-b297-0b109cb944af"}`)
	w.patch(w.item, `{"external_id":"bir.filing.deadline,302"}`)
	w.patch(w.item, `{"labels":["`+laterArea+`"]}`)
	w.patch(w.item, `{"labels":[]}`)
	w.patch(w.item, `{"labels":["`+laterLabel+`"]}`) // Of another project: left out, and told of all the same.
}

func (w *webhookWorld) changesInTheWebClient() {
	s := w.server
	w.person(w.t, NewItem{
		Name: "Gawa ni Maria", DescriptionHTML: "<p>ok</p>", Priority: "low", StateGroup: "unstarted", StartDate: "2026-11-01",
		TargetDate: "2026-11-15", ParentID: w.parent, Labels: []string{"area:compliance"}, Assignees: []string{"maria"},
	}, "maria")
	quiesce(w.t, s)
	w.sent(s.MoveItem("maria", w.item, "unstarted"))
	w.sent(s.Assign("maria", w.item, "maria"))
	w.sent(s.AddLabel("maria", w.item, "area:compliance"))
	w.sent(s.SetParent("maria", w.item, w.parent))
	w.sent(s.SetTargetDate("maria", w.item, "2026-11-03"))
	w.sent(s.DescribeItem("maria", w.item, "<p>maikli</p>"))
	w.sent(s.RenameItem("maria", w.item, "[1601EQ] Q3/2026"))
	comment, err := s.Comment("maria", w.item, "<p>Salamat</p>")
	w.sent(err)
	w.sent(s.EditComment("maria", comment, "<p>Salamat po</p>"))
	w.sent(s.MoveItem("maria", w.item, "completed"))
}

func (w *webhookWorld) changesOfWhatIsHidden() {
	s := w.server
	w.sent(s.Archive("maria", w.item))
	w.patch(w.item, `{"name":"[1601EQ] Q3/2026 sa arkibo"}`)
	w.patch(w.item, `{"archived_at":null}`)
	late, err := s.CreateIntakeItem("bridge", NewItem{Name: "Late 1601C", Priority: "low"})
	w.sent(err)
	w.place(late, 19, 65535)
	w.patch(late, `{"priority":"high"}`)
}

func (w *webhookWorld) changesOfTheSecondItem() {
	s := w.server
	s.MuteWebhooks(true)
	item := odooItem("[1600WP] 11/2026", "bir.filing.deadline,400")
	item.Priority = "low"
	w.second = w.person(w.t, item, "bridge", hookedSecond)
	w.place(w.second, 21, 135535)
	s.MuteWebhooks(false)
	w.patch(w.second, `{"priority":"high","start_date":"2026-11-02"}`)
	w.sent(s.edit("maria", w.second, func(it *workItem) (object, error) {
		return object{{"priority", "low"}, {"state_id", it.project.stateByGroup("unstarted").id}}, nil
	}))
	w.patch(w.second, `{"archived_at":"2026-11-26"}`)
	w.sent(s.Unarchive("maria", w.second))
	s.MuteWebhooks(true)
	w.sent(s.Assign("maria", w.second, "bridge", "maria"))
	s.MuteWebhooks(false)
	w.sent(s.Assign("maria", w.second, "bridge"))
	w.sent(s.SetTargetDate("maria", w.second, "2026-12-01"))
	w.sent(s.SetTargetDate("maria", w.second, ""))
	for _, feature := range []string{"module_view", "cycle_view"} {
		s.projects[0].features[feature] = true
	}
	callAPI(w.t, w.client(), http.MethodPatch, "", `{"description":"BIR filings"}`)
	quiesce(w.t, s)
}
