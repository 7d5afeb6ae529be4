package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// pushTimeout is what Odoo gives a webhook, connect and answer each; there is one attempt.
const pushTimeout = time.Second

// event is a change that automation rules may react to.
type event struct {
	table                      *table
	id                         int64
	created, removed, computed bool
	// changed names the fields whose value differs now; same-value writes change none.
	changed map[string]bool
	payload map[string]any
}

// push is one POST that a rule sends after commit.
type push struct {
	url  string
	body map[string]any
}

func (tx *Tx) note(e event) { tx.events = append(tx.events, e) }

// pushValue is a value as webhooks show it: like RPC without pairs, but datetimes of the log fields
// carry microseconds.
func pushValue(tx *Tx, f *Field, r Row) any {
	if t, ok := r[f.name].(time.Time); ok {
		if t.Nanosecond() == 0 {
			return t.UTC().Format(datetimeLayout)
		}
		return t.UTC().Format("2006-01-02 15:04:05.000000")
	}
	return tx.wire(f, r, false)
}

// pushes works out what the rules send for this transaction's events. A rule without trigger
// fields reacts to every write and recompute (so one create is two posts); one with trigger fields
// reacts once per record, and only to real changes.
func (tx *Tx) pushes() []push {
	rules, ok := tx.db.tables["base.automation"]
	if !ok {
		return nil
	}
	result := []push{}
	for _, rule := range rules.sorted() {
		if rule["active"] == false {
			continue
		}
		result = append(result, tx.pushesOf(rule)...)
	}
	return result
}

func (tx *Tx) pushesOf(rule Row) []push {
	owner := tx.db.tables["ir.model"].rows[rule.Number("model_id")]
	wanted := tx.triggerFields(rule)
	sent := map[int64]bool{}
	result := []push{}
	for _, e := range tx.events {
		if e.table.Name != owner.Text("model") || !matchesTrigger(rule, e, wanted) || !tx.inRuleDomain(rule, e) {
			continue
		}
		if len(wanted) > 0 && sent[e.id] {
			continue
		}
		sent[e.id] = true
		result = append(result, tx.actionPushes(rule, e)...)
	}
	return result
}

func (tx *Tx) triggerFields(rule Row) map[string]bool {
	names := map[string]bool{}
	ids, ok := rule["trigger_field_ids"].([]int64)
	if !ok {
		return names
	}
	for _, r := range tx.db.tables["ir.model.fields"].find(ids) {
		names[r.Text("name")] = true
	}
	return names
}

func matchesTrigger(rule Row, e event, wanted map[string]bool) bool {
	switch rule.Text("trigger") {
	case "on_unlink":
		return e.removed
	case "on_create":
		return e.created
	case "on_write":
		return !e.created && !e.removed && touches(e, wanted)
	case "on_create_or_write":
		return e.created || !e.removed && touches(e, wanted)
	}
	return false
}

func touches(e event, wanted map[string]bool) bool {
	if len(wanted) == 0 {
		return true
	}
	for name := range e.changed {
		if wanted[name] {
			return true
		}
	}
	return false
}

func (tx *Tx) inRuleDomain(rule Row, e event) bool {
	domain, err := parseLiteral(rule.Text("filter_domain"))
	if err != nil || len(domain) == 0 || e.removed {
		return err == nil
	}
	matches, err := tx.compile(e.table, domain)
	r, exists := e.table.rows[e.id]
	if err != nil || !exists {
		return false
	}
	ok, err := matches(r)
	return ok && err == nil
}

func (tx *Tx) actionPushes(rule Row, e event) []push {
	result := []push{}
	for _, action := range tx.db.tables["ir.actions.server"].sorted() {
		if action.Number("base_automation_id") != rule.ID() || action.Text("state") != "webhook" {
			continue
		}
		body := map[string]any{
			"_action": fmt.Sprintf("%s(#%d)", action.Text("name"), action.ID()), "_id": e.id, "_model": e.table.Name,
		}
		ids, ok := action["webhook_field_ids"].([]int64)
		if !ok {
			ids = nil
		}
		for _, r := range tx.db.tables["ir.model.fields"].find(ids) {
			body[r.Text("name")] = tx.eventValue(e, r.Text("name"))
		}
		result = append(result, push{url: action.Text("webhook_url"), body: body})
	}
	return result
}

func (tx *Tx) eventValue(e event, name string) any {
	if e.removed {
		return e.payload[name]
	}
	f, r := e.table.byName[name], e.table.rows[e.id]
	if f == nil || r == nil {
		return false
	}
	return pushValue(tx, f, r)
}

// deliver sends the posts one after another, after commit and inside the RPC call. Whatever goes
// wrong is a log line: the write has answered true by then.
func (s *Server) deliver(pushes []push) {
	for _, p := range pushes {
		if err := s.post(p); err != nil {
			s.log.Warn("webhook call failed", slog.String("action", fmt.Sprint(p.body["_action"])))
			s.count("push failed")
			continue
		}
		s.count("push delivered")
	}
}

// post does not depend on the caller's request: Odoo goes on when the caller has hung up.
func (s *Server) post(p push) error {
	body, err := json.Marshal(p.body)
	if err != nil {
		return fmt.Errorf("encoding webhook payload: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), pushTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("building webhook call: %w", err)
	}
	request.Header.Set("User-Agent", "python-requests/2.32.3")
	request.Header.Set("Accept", "*/*")
	request.Header.Set("Content-Type", "application/json")
	response, err := s.pusher.Do(request)
	if err != nil {
		return fmt.Errorf("calling webhook: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("webhook answered %d", response.StatusCode)
	}
	return nil
}
