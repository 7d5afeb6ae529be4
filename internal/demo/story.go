package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/outbound"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// play tells the demo's story. Each chapter does something real, looks at the
// far sides, and fails the demo when they are not as they should be.
func (w *world) play() error {
	for _, chapter := range []struct {
		title string
		tell  func() error
	}{
		{"Odoo's deadlines become work items in Plane", w.mirrorEverything},
		{"A second sync finds nothing to do", w.mirrorAgain},
		{"People work in Plane; signed webhooks come in", w.workInPlane},
		{"Plane delivers again: the same deliveries, and retries under new ids", w.deliverAgain},
		{"Odoo files one deadline and extends another", w.changeInOdoo},
	} {
		fmt.Fprintf(w.options.Stdout, "\n%s\n", chapter.title)
		if err := chapter.tell(); err != nil {
			return fmt.Errorf("%s: %w", strings.ToLower(chapter.title), err)
		}
	}
	return w.account()
}

func (w *world) say(format string, values ...any) {
	fmt.Fprintf(w.options.Stdout, "  "+format+"\n", values...)
}

func (w *world) sync() (outbound.Result, mirror.Plan, error) {
	flow, err := w.app.Flow(bir.Name)
	if err != nil {
		return outbound.Result{}, mirror.Plan{}, err
	}
	plan, err := w.app.Engine.Mirror().Plan(w.ctx, flow, mirror.WhatChanged)
	if err != nil {
		return outbound.Result{}, plan, err
	}
	step, done := w.options.Progress(len(plan.Work()))
	defer done()
	result, err := w.app.CarryOut(w.ctx, flow, plan, mirror.WhatChanged, step)
	return result, plan, err
}

func (w *world) mirrorEverything() error {
	deadlines := w.odoo.Deadlines()
	w.say("Odoo has %d deadlines for %d.", len(deadlines), w.year)
	began := time.Now()
	result, plan, err := w.sync()
	if err != nil {
		return err
	}
	w.say("Planned: %d to create, about %d requests.", plan.Count(mirror.ActionCreate), plan.Requests())
	w.say("Done: %d created with %d requests in %s; Plane refused %d of them.",
		result.Created, w.plane.RequestTotal(), time.Since(began).Round(100*time.Millisecond), w.plane.Rejected())
	w.tally.deadlines = len(deadlines)
	return expect("work items in Plane", len(w.plane.Items()), len(deadlines))
}

func (w *world) mirrorAgain() error {
	before := w.plane.RequestTotal()
	result, _, err := w.sync()
	if err != nil {
		return err
	}
	w.say("%d left as they are, %d requests to Plane.", result.Left, w.plane.RequestTotal()-before)
	return expect("requests of a sync with nothing to do", w.plane.RequestTotal()-before, 0)
}

// started and completed are how many work items the people of the demo move.
const (
	startedItems   = 6
	completedItems = 4
)

func (w *world) workInPlane() error {
	w.serve()
	var items []planetest.Item
	for _, item := range w.plane.Items() {
		if item.StateGroup == "unstarted" {
			items = append(items, item)
		}
	}
	for i, item := range items[:startedItems+completedItems] {
		group := "started"
		if i < completedItems {
			group = "completed"
			w.tally.completed = append(w.tally.completed, item)
		}
		if err := errors.Join(w.plane.Assign("maria", item.ID, "maria"), w.plane.AddLabel("maria", item.ID, "maria:mine"),
			w.plane.MoveItem("maria", item.ID, group)); err != nil {
			return err
		}
	}
	if err := w.settled(); err != nil {
		return err
	}
	w.say("Maria took %d work items, labelled them, began %d and completed %d.", startedItems+completedItems, startedItems, completedItems)
	sent := w.attempts()
	w.tally.first = len(sent)
	w.say("Plane sent %d webhooks, one per changed field; all were answered with 200.", len(sent))
	return errors.Join(expect("answers other than 200", failures(sent), 0),
		expect("reminders in Odoo", len(w.odoo.Records("mail.activity")), completedItems))
}

func (w *world) deliverAgain() error {
	for i, delivery := range w.plane.Deliveries() {
		if i%2 == 0 {
			// A retry of Plane's: a new delivery id, byte for byte the same body.
			if err := w.plane.Redeliver(delivery.Attempts[0].ID); err != nil {
				return err
			}
			w.tally.fresh++
			continue
		}
		duplicate, err := post(w.ctx, w.bridgeURL+"/api/webhooks/plane", delivery.Attempts[0])
		if err != nil {
			return err
		}
		if !duplicate {
			return fmt.Errorf("the receiver took delivery %s twice", delivery.Attempts[0].ID)
		}
		w.tally.same++
	}
	if err := w.settled(); err != nil {
		return err
	}
	duplicates := 0
	for _, attempt := range w.attempts() {
		if isDuplicate(attempt.Answer) {
			duplicates++
		}
	}
	w.say("%d came again under the same id, %d under a new one; the receiver skipped them all.", w.tally.same, w.tally.fresh)
	return errors.Join(expect("retries that were skipped", duplicates, w.tally.fresh),
		expect("reminders in Odoo", len(w.odoo.Records("mail.activity")), completedItems))
}

func (w *world) changeInOdoo() error {
	deadlines := w.odoo.Deadlines()
	filed, extended := deadlines[len(deadlines)-1], deadlines[len(deadlines)-2]
	w.odoo.MarkFiled(filed.Key)
	w.odoo.Extend(extended.ID, fmt.Sprintf("%d-12-28", w.year+1))
	result, _, err := w.sync()
	if err != nil {
		return err
	}
	w.say("%s is filed, %s is due later; the sync changed %d work items.", filed.Name, extended.Name, result.Changed)
	for _, item := range w.plane.Items() {
		switch {
		case strings.HasSuffix(item.ExternalID, ","+filed.Key):
			err = errors.Join(err, expect("state of "+filed.Name, item.StateGroup, "completed"))
		case strings.HasSuffix(item.ExternalID, ","+extended.Key):
			err = errors.Join(err, expect("due date of "+extended.Name, item.TargetDate, fmt.Sprintf("%d-12-28", w.year+1)))
		}
	}
	return errors.Join(err, w.settled())
}

// settled waits until Plane has sent all webhooks and the bridge has worked
// through them.
func (w *world) settled() error {
	if err := w.plane.Quiesce(w.ctx); err != nil {
		return fmt.Errorf("waiting for Plane's webhooks: %w", err)
	}
	return waitFor(w.ctx, "every delivery is worked through", func() (bool, error) {
		var open int
		err := w.app.Pool.QueryRow(w.ctx,
			"SELECT count(*) FROM ops.plane_webhook_deliveries WHERE status IN ('received', 'failed')").Scan(&open)
		return open == 0, err
	})
}

func (w *world) attempts() []planetest.Attempt {
	var all []planetest.Attempt
	for _, delivery := range w.plane.Deliveries() {
		all = append(all, delivery.Attempts...)
	}
	return all
}

func failures(attempts []planetest.Attempt) int {
	failed := 0
	for _, attempt := range attempts {
		if attempt.Status != http.StatusOK {
			failed++
		}
	}
	return failed
}

func isDuplicate(answer []byte) bool {
	var body struct {
		OK        bool `json:"ok"`
		Duplicate bool `json:"duplicate"`
	}
	return json.Unmarshal(answer, &body) == nil && body.OK && body.Duplicate
}

// post sends an attempt again, exactly as it was.
func post(ctx context.Context, url string, attempt planetest.Attempt) (duplicate bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(attempt.Body))
	if err != nil {
		return false, err
	}
	request.Header = attempt.Header.Clone()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, fmt.Errorf("sending a webhook again: %w", err)
	}
	defer response.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(response.Body); err != nil {
		return false, fmt.Errorf("reading the answer to a webhook: %w", err)
	}
	return isDuplicate(answer.Bytes()), nil
}

func expect[T comparable](what string, got, want T) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s: %v, should be %v", what, got, want)
}
