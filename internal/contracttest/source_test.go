package contracttest_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/internal/settings"
)

// source is ssot/sources/plane/work_items.yaml.
type source struct {
	Schema   string `yaml:"schema"`
	ID       string `yaml:"id"`
	Contract string `yaml:"contract"`
	Webhook  struct {
		Endpoint  string `yaml:"endpoint"`
		Method    string `yaml:"method"`
		Signature struct {
			Header    string `yaml:"header"`
			Algorithm string `yaml:"algorithm"`
			Input     string `yaml:"input"`
			Format    string `yaml:"format"`
			SecretRef string `yaml:"secret_ref"`
		} `yaml:"signature"`
		DeliveryHeader string            `yaml:"delivery_header"`
		EventHeader    string            `yaml:"event_header"`
		Event          string            `yaml:"event"`
		Actions        map[string]string `yaml:"actions"`
	} `yaml:"webhook"`
	Target struct {
		Table      string `yaml:"table"`
		UpsertKey  string `yaml:"upsert_key"`
		SoftDelete struct {
			Column string `yaml:"column"`
			Value  string `yaml:"value"`
		} `yaml:"soft_delete"`
	} `yaml:"target"`
	FieldMap map[string]string `yaml:"field_map"`
	Cadence  struct {
		Webhook string `yaml:"webhook"`
		Sweep   struct {
			Setting string `yaml:"setting"`
			Default string `yaml:"default"`
		} `yaml:"sweep"`
	} `yaml:"cadence"`
}

const (
	sourcePath    = "ssot/sources/plane/work_items.yaml"
	webhookSecret = "a-webhook-secret-for-tests"
	appURL        = "https://plane.example.com"
	workspace     = "acme"
)

// workItem is a work item as a webhook's data shows it.
type workItem struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	State     itemState  `json:"state"`
	Assignees []assignee `json:"assignees"`
	Project   string     `json:"project"`
	UpdatedAt string     `json:"updated_at"`
}

type itemState struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Group string `json:"group"`
}

type assignee struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
}

func newWorkItem() workItem {
	return workItem{
		ID: uuid.NewString(), Name: "File 2550M", State: itemState{uuid.NewString(), "In Progress", "started"},
		Assignees: []assignee{{uuid.NewString(), "Ana Reyes"}}, Project: uuid.NewString(),
		UpdatedAt: "2026-03-01T02:03:04.500000Z",
	}
}

// webhook builds a delivery from what the source says about it.
func (s source) webhook(t *testing.T, base, action string, item workItem) *http.Request {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"event": s.Webhook.Event, "action": action, "webhook_id": uuid.NewString(), "workspace_id": uuid.NewString(),
		"data": item, "activity": map[string]any{"actor": map[string]any{"id": uuid.NewString()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(s.Webhook.Method, base+s.Webhook.Endpoint, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(s.Webhook.DeliveryHeader, uuid.NewString())
	request.Header.Set(s.Webhook.EventHeader, s.Webhook.Event)
	request.Header.Set(s.Webhook.Signature.Header, signature(body))
	return request
}

// signature is what the source calls hmac-sha256 over raw_body as lowercase_hex.
// It is reckoned here and not by package plane, which is what is checked.
func signature(body []byte) string {
	mac := hmac.New(sha256.New, []byte(webhookSecret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// wanted fills the field map in for one work item.
func (s source) wanted(t *testing.T, item workItem) map[string]string {
	t.Helper()
	values := map[string]string{
		"id": item.ID, "name": item.Name, "state.name": item.State.Name, "assignees[0].display_name": item.Assignees[0].DisplayName,
		"project": item.Project, "updated_at": item.UpdatedAt, "app_url": appURL, "workspace": workspace,
	}
	row := make(map[string]string, len(s.FieldMap))
	for column, pattern := range s.FieldMap {
		row[column] = regexp.MustCompile(`\{[^}]+\}`).ReplaceAllStringFunc(pattern, func(place string) string {
			value, known := values[strings.Trim(place, "{}")]
			if !known {
				t.Errorf("%s: field_map.%s names %s, which is no field of a webhook's data", sourcePath, column, place)
			}
			return value
		})
	}
	return row
}

// row reads the row with the given key; nil when there is none.
func (s source) row(t *testing.T, pool *pgxpool.Pool, key string) map[string]string {
	t.Helper()
	rows, err := pool.Query(context.Background(), fmt.Sprintf("SELECT * FROM %s WHERE %s = $1", s.Target.Table, s.Target.UpsertKey), key)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToMap)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return nil
	}
	row := make(map[string]string, len(found[0]))
	for column, value := range found[0] {
		if at, isTime := value.(time.Time); isTime {
			value = at.UTC().Format("2006-01-02T15:04:05.000000Z")
		}
		row[column] = fmt.Sprint(value)
	}
	return row
}

func TestAWebhookBecomesTheRowThatTheSourcePromises(t *testing.T) {
	t.Parallel()
	s, dsn := readYAML[source](t, sourcePath), pgtest.DSN(t)
	bridge := serve(t, map[string]string{
		"DATABASE_URL": dsn, "PLANE_WEBHOOK_SECRET": webhookSecret, "PLANE_APP_URL": appURL, "PLANE_WORKSPACE_SLUG": workspace,
	})
	pool, item := pgtest.Open(t, dsn), newWorkItem()
	wanted := s.wanted(t, item)
	if got := do(t, s.webhook(t, bridge.URL, "created", item)); got.status != http.StatusOK {
		t.Fatalf("webhook: %d %s", got.status, got.body)
	}
	key := wanted[s.Target.UpsertKey]
	eventually(t, "the row "+key+" is in "+s.Target.Table, func() bool { return s.row(t, pool, key) != nil })
	found := s.row(t, pool, key)
	maps.DeleteFunc(found, func(column, _ string) bool { return wanted[column] == "" }) // The table has columns of our own beside.
	if diff := cmp.Diff(wanted, found); diff != "" {
		t.Errorf("row (-promised +found):\n%s", diff)
	}

	if got := do(t, s.webhook(t, bridge.URL, "deleted", item)); got.status != http.StatusOK {
		t.Fatalf("webhook: %d %s", got.status, got.body)
	}
	eventually(t, "the row is marked "+s.Target.SoftDelete.Value, func() bool {
		return s.row(t, pool, key)[s.Target.SoftDelete.Column] == s.Target.SoftDelete.Value
	})
}

func TestAMissingWebhookSecretPointsWhereTheSourceSays(t *testing.T) {
	t.Parallel()
	s := readYAML[source](t, sourcePath)
	bridge := serve(t, map[string]string{"DATABASE_URL": pgtest.DSN(t)})
	got := do(t, s.webhook(t, bridge.URL, "created", newWorkItem()))
	var answer struct {
		Error   string `json:"error"`
		SSOTRef string `json:"ssot_ref"`
	}
	if err := json.Unmarshal(got.body, &answer); err != nil {
		t.Fatal(err)
	}
	if got.status != http.StatusServiceUnavailable || answer.Error != "KEY_MISSING" || answer.SSOTRef != s.Webhook.Signature.SecretRef {
		t.Errorf("answer = %d %s, want 503 KEY_MISSING %s", got.status, got.body, s.Webhook.Signature.SecretRef)
	}
}

func TestTheCadenceOfTheSourceIsTheSettingsDefault(t *testing.T) {
	t.Parallel()
	s := readYAML[source](t, sourcePath)
	for _, spec := range settings.Specs() {
		if spec.Name == s.Cadence.Sweep.Setting {
			if spec.Default != s.Cadence.Sweep.Default {
				t.Errorf("default of %s = %q, the source says %q", spec.Name, spec.Default, s.Cadence.Sweep.Default)
			}
			return
		}
	}
	t.Errorf("the source names a setting %s that there is not", s.Cadence.Sweep.Setting)
}
