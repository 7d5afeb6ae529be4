package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/story"
	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/world"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// facts are how everything stands, without made-up ids and without times: what two runs
// of one story have to have in common.
type facts map[string]string

var madeUpID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}`)

// links in descriptions lead to records whose numbers differ from run to run.
var recordNumber = regexp.MustCompile(`(/odoo/[a-z.]+/|#id=)[0-9]+|127\.0\.0\.1:[0-9]+`)

func plain(text string) string {
	return sameText(recordNumber.ReplaceAllString(madeUpID.ReplaceAllString(text, "*"), "*"))
}

// view puts the names of a story's records to the ids of one run.
type view struct {
	story  story.Story
	state  world.State
	handle map[string]string // by external pair
	onTask map[int64]string
	onTax  map[int64]string
}

func newView(told story.Story, state world.State) view {
	v := view{told, state, map[string]string{}, map[int64]string{}, map[int64]string{}}
	for handle, id := range state.TaskOf {
		v.onTask[id] = handle
		v.handle[fmt.Sprintf("odoo project.task,%d", id)] = handle
	}
	for handle, id := range state.ReturnOf {
		v.onTax[id] = handle
		v.handle["odoo bir.filing.deadline,"+handle] = handle
	}
	for _, r := range told.Records {
		if r.Nature == story.Own {
			v.handle["people "+r.Handle] = r.Handle
		}
	}
	return v
}

func (v view) of(item planetest.Item) string {
	if handle, known := v.handle[item.ExternalSource+" "+item.ExternalID]; known {
		return handle
	}
	return "nobody's " + item.ExternalSource + " " + item.ExternalID
}

func (f facts) add(key, value string) {
	if old, taken := f[key]; taken {
		value = old + " AND " + value
	}
	f[key] = value
}

// servers notes what both servers hold.
func (f facts) servers(told story.Story, state world.State) {
	v := newView(told, state)
	live := map[string][]planetest.Item{}
	deleted := map[string]int{}
	for _, item := range state.Items {
		if item.Deleted {
			deleted[v.of(item)]++
			continue
		}
		live[v.of(item)] = append(live[v.of(item)], item)
	}
	for handle, items := range live {
		f["work items of "+handle] = fmt.Sprint(len(items))
		for _, item := range items {
			f.workItem(v, handle, item)
		}
	}
	for handle, n := range deleted {
		f["deleted work items of "+handle] = fmt.Sprint(n)
	}
	f.inOdoo(v)
}

func (f facts) workItem(v view, handle string, item planetest.Item) {
	labels := slices.DeleteFunc(slices.Sorted(slices.Values(item.Labels)), func(label string) bool {
		return v.bridgeWritesLabels(handle) && !strings.Contains(label, ":")
	})
	var people []string
	for _, id := range item.Assignees {
		people = append(people, v.state.People[id])
	}
	for name, value := range map[string]string{
		"name": item.Name, "description": plain(item.DescriptionHTML), "due": item.TargetDate, "priority": item.Priority, "state": item.StateName,
		"labels": strings.Join(labels, ", "), "assignees": strings.Join(people, ", "), "archived": fmt.Sprint(item.Archived), "made by": item.ExternalSource,
	} {
		f.add("work item "+handle+": "+name, value)
	}
	var comments []string
	for _, comment := range item.Comments {
		text := v.state.People[comment.Actor] + ": " + plain(comment.HTML)
		if comment.ExternalSource != "" && v.generated(handle) {
			continue // Whether the bridge saw the record gone is a matter of time.
		}
		comments = append(comments, text)
	}
	slices.Sort(comments)
	f.add("work item "+handle+": comments", strings.Join(comments, " | "))
}

// bridgeWritesLabels reports whether the bridge writes labels in a story after the work
// item was made. Plane takes the whole list, so a label that people add or take off
// between the bridge's read and its write is not seen; ours have a colon.
func (v view) bridgeWritesLabels(handle string) bool {
	record, _ := v.story.Record(handle)
	return slices.Contains([]story.Nature{story.Filed, story.Reopened, story.Generated}, record.Nature) ||
		slices.ContainsFunc(v.story.Acts, func(act story.Act) bool {
			return act.Record == handle && act.Kind == story.Unlabel && strings.Contains(act.Value, ":")
		})
}

func (v view) generated(handle string) bool {
	record, _ := v.story.Record(handle)
	return record.Nature == story.Generated || record.Nature == story.TaskShelved
}

// putAway reports whether a work item is people's own and lies in the archive, where
// Plane shows it to nobody who cannot name its pair.
func (v view) putAway(handle string) bool {
	return slices.ContainsFunc(v.state.Items, func(item planetest.Item) bool {
		return v.of(item) == handle && item.Archived && item.ExternalSource != mapping.ExternalSource
	})
}

func (f facts) inOdoo(v view) {
	for _, d := range v.state.Deadlines {
		f.add("deadline "+d.Key, fmt.Sprintf("%s, due %s, %s, %s", d.Name, d.Due, d.State, d.FormType))
	}
	for _, task := range v.state.Tasks {
		handle := v.onTask[number(task["id"])]
		for _, name := range []string{"name", "description", "priority", "stage_id", "state", "date_deadline", "active"} {
			f.add("task "+handle+": "+name, plain(fmt.Sprint(task[name])))
		}
	}
	for _, reminder := range v.state.Reminders {
		f.add("reminders of "+v.on(reminder, "res_model"), fmt.Sprintf("for user %v, open %v", reminder["user_id"], reminder["active"]))
	}
	f.messages(v)
}

// on names the record that an activity or a message hangs on.
func (v view) on(record odootest.Record, model string) string {
	id := number(record["res_id"])
	switch record[model] {
	case "bir.tax.return":
		return v.onTax[id]
	case "project.task":
		return v.onTask[id]
	default:
		return fmt.Sprint(record[model], " ", id)
	}
}

// number reads a number that came as JSON.
func number(value any) int64 {
	if n, isNumber := value.(float64); isNumber {
		return int64(n)
	}
	return 0
}
