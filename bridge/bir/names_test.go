package bir

import (
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

func TestAWorkItemIsCalledAsTheInstallationChose(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		style   NameStyle
		name    string
		several bool
		want    string
	}{
		{"", "2550M - 02/2026", false, "[2550M] 2550M - 02/2026"},
		{NameFormFirst, "2550M - 02/2026", true, "[2550M] 2550M - 02/2026"},
		{NameOnce, "2550M - 02/2026", false, "2550M - 02/2026"},
		{NameOnce, "2550M - 02/2026", true, "2550M - 02/2026 (Acme & Sons)"},
		{NameOnce, "VAT of February", false, "2550M - VAT of February"},
		{NameOnce, strings.Repeat("é", 300), true, "2550M - " + strings.Repeat("é", plane.MaxNameLength-22) + " (Acme & Sons)"},
	} {
		d := due(today)
		d.Name = row.name
		if got := row.style.name(d, row.several); got != row.want {
			t.Errorf("%q of %q = %q, want %q", row.style, row.name, got, row.want)
		}
	}
}

func TestTheCompanyIsNamedWhereThereAreSeveral(t *testing.T) {
	t.Parallel()
	here, there := due(today), due(today)
	there.ID, there.Company = 78, odoo.Many2One{ID: 2, Name: "Acme Cebu"}
	flow := New(Config{Names: NameOnce, Location: time.UTC})
	for _, item := range flow.wanted([]deadline{here, there}, openIn19).Items {
		if !strings.HasSuffix(item.Fields.Name, ")") {
			t.Errorf("%s is called %q", item.Key, item.Fields.Name)
		}
	}
	if alone := flow.wanted([]deadline{here}, openIn19).Items[0].Fields.Name; alone != "2550M - 02/2026" {
		t.Errorf("alone it is called %q", alone)
	}
}

func TestEachKindOfLabelHasAColourOfItsOwn(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{}
	for _, label := range labelsOf(due(today), overdue, today) {
		color := New(Config{}).LabelColor(label)
		if other, taken := kinds[color]; taken || color == "" {
			t.Errorf("%s has the colour %q of %q", label, color, other)
		}
		kinds[color] = label
	}
	if len(kinds) != 4 {
		t.Errorf("%d kinds of labels, want 4: %v", len(kinds), kinds)
	}
}
