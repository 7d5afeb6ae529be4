package engine_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// farSides is what people see in Plane and in Odoo, without what differs from run
// to run: made-up ids stand under the keys of their records, and times are left
// out.
type farSides struct {
	Items      []farItem
	Deadlines  []farDeadline
	Activities []farRecord
	Messages   []farRecord
}

// farItem is a work item; deleted ones are among them.
type farItem struct {
	Pair, Name, Description, Priority, State, Due string
	Labels                                        []string
	Comments                                      []string
	Archived, Deleted                             bool
}

type farDeadline struct {
	Key, Due, State       string
	Issue, Sync, SyncFail string
}

// farRecord is an activity or a message. Name is its external id.
type farRecord struct{ Name, On, Text, User string }

func look(p *planetest.Server, o *odootest.Server) farSides {
	var seen farSides
	keys := []string{}
	for _, item := range p.Items() {
		keys = append(keys, item.ID, "issue of "+item.ExternalID)
		seen.Items = append(seen.Items, lookAt(item))
	}
	named := strings.NewReplacer(keys...)
	for _, d := range o.Records(bir.Model) {
		seen.Deadlines = append(seen.Deadlines, farDeadline{
			Key: fmt.Sprint(d["form_type"], "/", d["period_year"], "/", d["period_month"]), Due: fmt.Sprint(d["deadline_date"]),
			State: fmt.Sprint(d["state"]), Issue: named.Replace(fmt.Sprint(d["plane_issue_id"])),
			Sync: fmt.Sprint(d["plane_sync_status"]), SyncFail: fmt.Sprint(d["plane_sync_error"]),
		})
	}
	seen.Activities = records(o, named, "mail.activity", "res_model", "summary", "note", "date_deadline", "active")
	seen.Messages = records(o, named, "mail.message", "model", "body", "message_type")
	slices.SortFunc(seen.Items, func(a, b farItem) int { return cmp.Or(cmp.Compare(a.Pair, b.Pair), cmp.Compare(a.Name, b.Name)) })
	return seen
}

func lookAt(item planetest.Item) farItem {
	seen := farItem{
		Pair: item.ExternalSource + ":" + item.ExternalID, Name: item.Name, Description: item.DescriptionHTML, Priority: item.Priority,
		State: item.StateName, Due: item.TargetDate, Labels: slices.Sorted(slices.Values(item.Labels)), Archived: item.Archived, Deleted: item.Deleted,
	}
	for _, comment := range item.Comments {
		seen.Comments = append(seen.Comments, comment.HTML)
	}
	return seen
}

// writesPeopleSee counts what was written to Odoo over RPC, without the fields that
// show how the mirroring stands: they hold a time.
func writesPeopleSee(o *odootest.Server) int {
	n := 0
	for _, write := range o.Writes() {
		status := func(field string) bool { return strings.HasPrefix(field, "plane_") }
		if len(write.Values) == 0 || !status(slices.Min(slices.Collect(maps.Keys(write.Values)))) {
			n++
		}
	}
	return n
}

// records lists a model's records with their external ids, the parts of which
// that are ids of Plane named.
func records(o *odootest.Server, named *strings.Replacer, model, on string, texts ...string) []farRecord {
	names := map[int64]string{}
	for name, id := range o.ExternalIDs(model) {
		names[id] = ids.ReplaceAllString(name, "*")
	}
	var all []farRecord
	for _, r := range o.Records(model) {
		id, isNumber := r["id"].(int64)
		if !isNumber {
			panic(fmt.Sprintf("%s has the id %v", model, r["id"]))
		}
		var text []string
		for _, name := range texts {
			text = append(text, ids.ReplaceAllString(named.Replace(fmt.Sprint(r[name])), "*"))
		}
		all = append(all, farRecord{
			Name: names[id], On: fmt.Sprint(r[on], " ", r["res_id"]), Text: strings.Join(text, " | "), User: fmt.Sprint(r["user_id"]),
		})
	}
	slices.SortFunc(all, func(a, b farRecord) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Text, b.Text)) })
	return all
}
