package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// happened is a webhook as Plane sent it.
type happened struct {
	header http.Header
	body   []byte
}

// story lets people work in Plane on twelve mirrored deadlines and returns the
// webhooks that tell of it, none of them delivered. Each work item ends completed
// or opened again, and half of them have comments.
func (s *stage) story() []happened {
	s.t.Helper()
	for month := range 12 {
		id := s.odoo.Add("bir.filing.deadline", map[string]any{
			"name": fmt.Sprintf("2550M - %02d/2099", month+1), "form_type": "2550M", "period_year": int64(2099),
			"period_month": int64(month + 1), "deadline_date": fmt.Sprintf("2099-%02d-20", month+1),
		})
		s.odoo.LinkReturn(id, s.odoo.AddReturn(1, "2550M"))
	}
	s.done("migrate")
	s.done("sync")
	// A program that serves may be at some of them itself.
	s.eventually("every deadline is mirrored", 60*time.Second, func() bool {
		return s.count("SELECT count(*) FROM ops.plane_sync_mappings WHERE state = 'linked'") == 12
	})
	var mu sync.Mutex
	var webhooks []happened
	recorder := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		webhooks = append(webhooks, happened{r.Header.Clone(), body})
	}))
	defer recorder.Close()
	s.plane.AddWebhook(recorder.URL, stageSecret, planetest.V1)
	items := s.plane.Items()
	slices.SortFunc(items, func(a, b planetest.Item) int { return cmp.Compare(a.ExternalID, b.ExternalID) })
	for i, item := range items {
		for _, group := range [][]string{{"completed"}, {"completed", "unstarted"}, {"completed", "unstarted", "completed"}}[i%3] {
			s.must(s.plane.MoveItem("maria", item.ID, group))
			s.must(s.plane.Quiesce(s.t.Context()))
		}
		if i%2 == 0 {
			_, err := s.plane.Comment("maria", item.ID, fmt.Sprintf("<p>remark %d</p>", i))
			s.must(err)
		}
	}
	s.must(s.plane.Quiesce(s.t.Context()))
	mu.Lock()
	defer mu.Unlock()
	return webhooks
}

// send delivers a webhook under an id and reports whether it was acknowledged.
func (p *program) send(w happened, id string) bool {
	request, err := http.NewRequest(http.MethodPost, p.url+"/api/webhooks/plane", bytes.NewReader(w.body))
	if err != nil {
		return false
	}
	request.Header = w.header.Clone()
	request.Header.Set(plane.HeaderDelivery, id)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && response.StatusCode == http.StatusOK
}

var madeUpIDs = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// left is what people find in both systems afterwards, without made-up ids.
func (s *stage) left() []string {
	var lines []string
	for _, item := range s.plane.Items() {
		lines = append(lines, fmt.Sprint("work item ", item.ExternalID, ": ", item.StateName, ", ", item.TargetDate, ", ", item.Labels, ", deleted ", item.Deleted))
	}
	for _, model := range []string{"mail.activity", "mail.message"} {
		for _, r := range s.odoo.Records(model) {
			lines = append(lines, fmt.Sprint(model, " on ", r["res_model"], r["model"], " ", r["res_id"], ": ", r["summary"], r["body"]))
		}
	}
	for i, line := range lines {
		lines[i] = madeUpIDs.ReplaceAllString(line, "*")
	}
	slices.Sort(lines)
	return lines
}

// Two replicas on one database are sent every event three times, one of them under
// a fresh id, in random order; one of them is killed in between and comes back. The
// far sides end as when one process is told everything once and in order.
func TestTwoReplicasUnderKillsEndAsOneInPeace(t *testing.T) {
	t.Parallel()
	calm := newStage(t)
	alone := calm.start("serve")
	for _, w := range calm.story() {
		if !alone.send(w, w.header.Get(plane.HeaderDelivery)) {
			t.Fatal("the lone process refused a webhook")
		}
		calm.eventually("it is processed", 20*time.Second, func() bool { return calm.open() == 0 })
	}
	want := calm.left()
	if reminders := strings.Count(strings.Join(want, "\n"), "mail.activity"); reminders != 8 {
		t.Fatalf("in peace %d reminders are left, want 8, so this run proves nothing:\n%s", reminders, strings.Join(want, "\n"))
	}

	s := newStage(t)
	webhooks := s.story()
	seed := uint64(time.Now().UnixNano())
	t.Logf("the order comes from seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	replicas := []*program{s.replica("first"), s.replica("second")}
	sends := threeOfEach(webhooks, random)
	for i, send := range sends {
		if i == len(sends)/3 || i == 2*len(sends)/3 {
			replicas[0].kill()
			t.Logf("killed a replica with %d deliveries open", s.open())
			replicas[0] = s.replica("first")
		}
		for !replicas[random.IntN(2)].send(send.happened, send.id) {
			t.Log("a webhook was not acknowledged and is sent again")
		}
	}
	s.eventually("every delivery is processed", 60*time.Second, func() bool { return s.open() == 0 })
	if diff := gocmp.Diff(want, s.left()); diff != "" {
		t.Errorf("the far sides differ from one process in peace (-peace +kills):\n%s", diff)
	}
	if got := s.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status NOT IN ('processed', 'ignored')"); got != 0 {
		t.Errorf("%d deliveries came to a bad end", got)
	}
}

// replica starts one more process on the stage's database.
func (s *stage) replica(name string) *program {
	s.settings["INSTANCE_ID"] = name
	return s.start("serve")
}

type sending struct {
	happened
	id string
}

func threeOfEach(webhooks []happened, random *rand.Rand) []sending {
	var sends []sending
	for _, w := range webhooks {
		first := w.header.Get(plane.HeaderDelivery)
		sends = append(sends, sending{w, first}, sending{w, first}, sending{w, uuid.NewString()})
	}
	random.Shuffle(len(sends), func(i, j int) { sends[i], sends[j] = sends[j], sends[i] })
	return sends
}
