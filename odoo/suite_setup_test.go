package odoo_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

func (s suite) keys(t *testing.T) {
	ends, limited, err := s.APIKeyExpiry(t.Context())
	must(t, err)
	if limited && ends.Before(time.Now()) {
		t.Errorf("ended %s", ends)
	}
	keys, err := s.APIKeys(t.Context())
	must(t, err)
	if len(keys) == 0 {
		t.Error("no key, although the call was made with one")
	}
}

func (s suite) push(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	config := odoo.PushConfig{Name: "Suite", Model: model, TriggerFields: []string{"deadline_date", "state"}, URL: "http://127.0.0.1:1/hook?token=x"}
	first, err := s.SetupPush(ctx, config)
	must(t, err)
	defer func() {
		for _, want := range []int{4, 0} {
			if n, err := s.RemovePush(ctx, model); err != nil || n != want {
				t.Errorf("removed %d, %v", n, err)
			}
		}
	}()
	second, err := s.SetupPush(ctx, config)
	must(t, err)
	if first != second || first.Changed == 0 || first.Deleted == 0 {
		t.Errorf("rules %+v, then %+v", first, second)
	}
	var rules []struct {
		Trigger string  `odoo:"trigger"`
		Fields  []int64 `odoo:"trigger_field_ids"`
		Actions []int64 `odoo:"action_server_ids"`
	}
	must(t, s.Read(ctx, "base.automation", []int64{first.Changed, first.Deleted}, odoo.FieldsOf[struct {
		Trigger string  `odoo:"trigger"`
		Fields  []int64 `odoo:"trigger_field_ids"`
		Actions []int64 `odoo:"action_server_ids"`
	}](), &rules))
	if len(rules) != 2 || rules[0].Trigger != "on_create_or_write" || len(rules[0].Fields) != 2 || len(rules[0].Actions) != 1 ||
		rules[1].Trigger != "on_unlink" || len(rules[1].Actions) != 1 {
		t.Errorf("rules %+v", rules)
	}
	config.TriggerFields = []string{"nope"}
	if _, err := s.SetupPush(ctx, config); !errors.Is(err, odoo.ErrValue) || !strings.Contains(err.Error(), "nope") {
		t.Errorf("an unknown field: %v", err)
	}
}

func (s suite) fields(t *testing.T) {
	specs := []odoo.FieldSpec{
		{Name: "x_suite_" + string(s.protocol), Label: "Suite", Type: "char"},
		{Name: "x_suite_state_" + string(s.protocol), Label: "State", Type: "selection", Selection: [][2]string{{"on", "On"}, {"off", "Aus é"}}},
	}
	if _, err := s.SetupFields(t.Context(), model, specs); err != nil {
		t.Fatal(err)
	}
	added, err := s.SetupFields(t.Context(), model, specs)
	must(t, err)
	if len(added) != 0 {
		t.Errorf("added again: %v", added)
	}
	got, err := s.FieldsGet(t.Context(), model, "type", "selection")
	must(t, err)
	if got[specs[0].Name].Type != "char" || !slices.Equal(got[specs[1].Name].Selection, specs[1].Selection) {
		t.Errorf("got %+v, %+v", got[specs[0].Name], got[specs[1].Name])
	}
}

func (s suite) parameters(t *testing.T) {
	if value, ok, err := s.Param(t.Context(), "web.base.url"); err != nil || !ok || !strings.HasPrefix(value, "http") {
		t.Errorf("got %q, %v, %v", value, ok, err)
	}
	if _, ok, err := s.Param(t.Context(), "planebridge.not_set"); err != nil || ok {
		t.Errorf("a parameter that is not set: %v, %v", ok, err)
	}
	params, err := s.Params(t.Context(), "web.base.url", "planebridge.not_set")
	if err != nil || len(params) != 1 {
		t.Errorf("got %v, %v", params, err)
	}
}

// leastPrivilege looks what an internal user without further rights may do.
func (s suite) leastPrivilege(t *testing.T) {
	if s.protocol == odoo.JSON2 {
		t.Skip("JSON-2 takes no password, and a user's first key takes a browser")
	}
	ctx := t.Context()
	external, err := odoo.NewExternalID("partner_" + s.stamp)
	must(t, err)
	partner, err := s.Upsert(ctx, "res.partner", odoo.Upsertion{ExternalID: external, Values: odoo.Values{"name": s.stamp}})
	must(t, err)
	user, err := odoo.New(s.on.limited(t, s))
	must(t, err)
	if _, id, err := user.Resolve(ctx, external); err != nil || id != partner {
		t.Errorf("resolved %d, %v", id, err)
	}
	if _, _, err := user.Param(ctx, "web.base.url"); !errors.Is(err, odoo.ErrAccess) {
		t.Errorf("a parameter: %v", err)
	}
	for operation, want := range map[string]bool{"read": true, "write": false} {
		if may, err := user.May(ctx, "res.partner", operation, partner); err != nil || may != want {
			t.Errorf("may %s a contact: %t, %v", operation, may, err)
		}
	}
	if _, err := user.APIKeys(ctx); err != nil {
		t.Errorf("own keys: %v", err)
	}
	if _, err := user.SetupPush(ctx, odoo.PushConfig{Name: "x", Model: model, TriggerFields: []string{"state"}, URL: "http://x"}); !errors.Is(err, odoo.ErrAccess) {
		t.Errorf("setting up push: %v", err)
	}
}
