package ledger

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

func FuzzAWebhookBodyFromOutsideIsKeptAndRead(f *testing.F) {
	for _, body := range []string{
		`{"event": "issue", "action": "created", "data": {"id": "d0a3640b-5125-4741-be29-9d0090a40065", "name": "tea"}}`,
		`{"event": "issue.created", "issue": {"id": "d0a3640b-5125-4741-be29-9d0090a40065"}, "project": {"id": "p\u0000"}}`,
		`{"event": "issue", "action": "deleted", "data": {"id": "{d0a3640b-5125-4741-be29-9d0090a40065}"}}`,
		`{"event": "issue_comment", "action": "updated", "data": {"id": 7}}`, `{"event": "\u0000"}`, `{}`, `[]`, ``,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := NewDelivery(uuid.New(), "issue", nil, body)
		if trimmed := bytes.TrimLeft(body, " \t\r\n"); (err == nil) != (json.Valid(body) && bytes.HasPrefix(trimmed, []byte("{"))) {
			t.Errorf("%q: %v", body, err)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(d.RawBody, body) {
			t.Error("the raw bytes are not kept")
		}
		for name, text := range map[string]*string{"event key": &d.EventKey, "event": &d.Event, "action": d.Action, "entity": d.EntityID, "project": d.ProjectID, "actor": d.ActorID} {
			if text != nil && (strings.ContainsRune(*text, 0) || len(*text) > LongestName) {
				t.Errorf("%s cannot be stored or indexed: %q", name, *text)
			}
		}
		event, err := d.Read()
		if _, usual := UsualUUID(event.EntityID); err == nil && event.Entity == plane.EntityWorkItem && !usual {
			t.Errorf("a work item with the id %q was read", event.EntityID)
		}
	})
}
