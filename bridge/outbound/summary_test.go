package outbound

import (
	"encoding/json"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

func TestAPlanIsShownUnderTheNamesThatScriptsRead(t *testing.T) {
	t.Parallel()
	item := bridge.WantedItem{Key: "m,1", Fields: mapping.Fields{Name: "n", TargetDate: "2026-12-01"}}
	sum := Summarise(mirror.Plan{Steps: []mirror.Step{
		{Action: mirror.ActionChange, Item: item, Fields: []mapping.Field{mapping.FieldName}, Reason: "why"}, {Action: mirror.ActionLeave, Item: item},
	}})
	sum.Requests = 0 // What writing costs is the plan's own business.
	got, err := json.Marshal(sum)
	want := `{"create":0,"adopt":0,"change":1,"cancel":0,"leave":1,"held":0,"requests":0,"conflicts":0,` +
		`"steps":[{"action":"change","key":"m,1","name":"n","due":"2026-12-01","fields":["name"],"reason":"why"}]}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}
