package sim

import (
	"fmt"
	"html/template"
	"time"
)

// document is the record that an activity hangs on; nil when it hangs on none, or when that is gone.
func (tx *Tx) document(activity Row) (*table, Row) {
	t, ok := tx.db.tables[activity.Text("res_model")]
	if !ok {
		return nil, nil
	}
	return t, t.rows[activity.Number("res_id")]
}

// activityRule is mail.activity's own (Odoo 19): whoever is assigned or made an activity may change it, everybody
// else needs the right to write its document, and to make one takes that right in any case. Without a document it
// can be made for oneself only; an administrator is refused as well.
func activityRule(tx *Tx, r Row, operation string) bool {
	own := r.Number("user_id") == tx.user.id
	needs := "write"
	switch operation {
	case "read":
		if own {
			return true
		}
		needs = "read"
	case "write", "unlink":
		if own || r.Number("create_uid") == tx.user.id {
			return true
		}
	}
	if r.Number("res_model_id") == 0 {
		return own
	}
	t, document := tx.document(r)
	return document != nil && tx.permitted(t, document, needs)
}

// activityHasPlace holds the database's two constraints (seen on a real Odoo 19): an activity hangs on
// a document or belongs to somebody, and a document is one record.
func activityHasPlace(tx *Tx, r Row) error {
	owner, onModel := tx.db.tables["ir.model"].rows[r.Number("res_model_id")]
	if !onModel && r.Number("user_id") == 0 {
		return validationError("The operation cannot be completed: mail_activity_check_user_id_is_set_if_model")
	}
	if onModel != (r.Number("res_id") != 0) {
		return validationError("The operation cannot be completed: mail_activity_check_res_id_is_set_if_model")
	}
	if onModel {
		tx.set(r, "res_model", owner.Text("model"))
	}
	return nil
}

// activityStored tells somebody else of an activity and subscribes the assignee to the document. Both
// fail on models without a chatter: bir.filing.deadline takes activities only with user_id false.
func activityStored(tx *Tx, r Row, names map[string]bool, created bool) error {
	t, document := tx.document(r)
	if document == nil || r["user_id"] == nil || !created && !names["user_id"] {
		return nil
	}
	notifies := r.Number("user_id") != tx.user.id
	switch {
	case !t.Chatter && notifies:
		return attributeError("'%s' object has no attribute 'message_notify'", t.Name)
	case !t.Chatter:
		return attributeError("'%s' object has no attribute 'message_subscribe'", t.Name)
	case !notifies:
		return nil
	}
	return tx.sudo(func() error {
		_, err := tx.create(tx.db.tables["mail.message"], map[string]any{
			"model": t.Name, "res_id": document.ID(), "message_type": "user_notification",
			"subject": "\"" + r.Text("summary") + "\" assigned to you",
		})
		return err
	})
}

// runDone is the button of the web client: what is done already is passed over.
func runDone(c *Call) (any, error) {
	var open []int64
	for _, r := range c.table.find(c.ids) {
		if r["active"] != false {
			open = append(open, r.ID())
		}
	}
	c.ids = open
	return runFeedback(c)
}

// runFeedback archives activities and leaves a message on the document of each; the answer is the id of
// the first message. One whose document is gone is removed.
func runFeedback(c *Call) (any, error) {
	var first any = false
	for _, r := range c.table.find(c.ids) {
		message, err := c.reportDone(r)
		if err != nil {
			return nil, err
		}
		if first == false && message != nil {
			first = message.ID()
		}
		if _, document := c.document(r); document == nil && r.Number("res_model_id") != 0 {
			c.log(r.ID(), nil)
			if err := c.unlink(c.table, []int64{r.ID()}); err != nil {
				return nil, err
			}
			continue
		}
		values := map[string]any{"active": false, "date_done": c.Today().Format(dateLayout), "feedback": c.text("feedback")}
		c.log(r.ID(), values)
		if err := c.write(c.table, []int64{r.ID()}, values); err != nil {
			return nil, err
		}
	}
	return first, nil
}

// reportDone posts on the activity's document, whatever the user may do there; a model without a
// chatter has no such method.
func (c *Call) reportDone(activity Row) (message Row, err error) {
	t, document := c.document(activity)
	if document == nil {
		return nil, nil
	}
	if !t.Chatter {
		return nil, attributeError("'%s' object has no attribute 'message_post_with_source'", t.Name)
	}
	err = c.sudo(func() error {
		message, err = c.create(c.db.tables["mail.message"], map[string]any{
			"model": t.Name, "res_id": document.ID(), "message_type": "notification",
			"body": template.HTMLEscapeString(activity.Text("summary") + " done: " + c.text("feedback")),
		})
		return err
	})
	return message, err
}

// ActivityList is what somebody finds behind the clock in the web client's menu.
type ActivityList struct {
	// Open are the activities that are assigned to the user and not done, by id.
	Open []Record
	// Counter is the number beside the clock: the records with an activity that is due or overdue. An
	// activity for a later day is in the list and not in the number.
	Counter int
}

// Activities gives the list of a user, as the web client's call systray_get_activities reckons it.
func (s *Server) Activities(login string) ActivityList {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := s.system(s.first())
	tx.user = s.accounts[login]
	t := tx.db.tables["mail.activity"]
	list, due := ActivityList{Open: []Record{}}, map[[2]any]bool{}
	for _, r := range t.sorted() {
		if r["active"] == false || r.Number("user_id") != tx.user.id {
			continue
		}
		record := Record{}
		for _, f := range t.Fields {
			record[f.name] = tx.wire(f, r, false)
		}
		list.Open = append(list.Open, record)
		if r.Text("date_deadline") <= tx.todayOf(tx.user) {
			due[[2]any{r.Text("res_model"), r.Number("res_id")}] = true
		}
	}
	list.Counter = len(due)
	return list
}

// todayOf is the day where a user is; Odoo takes UTC for one without a time zone.
func (tx *Tx) todayOf(a *account) string {
	zone := tx.db.tables["res.users"].rows[a.id].Text("tz")
	location, err := time.LoadLocation(zone)
	if err != nil {
		location = time.UTC
	}
	return tx.now.In(location).Format(dateLayout)
}

// TickOff marks an activity done as the user does on the screen.
func (s *Server) TickOff(login string, activity int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := s.system(s.first())
	tx.user = s.accounts[login]
	c := &Call{Tx: tx, table: tx.db.tables["mail.activity"], name: "action_feedback", ids: []int64{activity}, args: map[string]any{}}
	if _, err := runFeedback(c); err != nil {
		panic(fmt.Sprintf("odootest: ticking off activity %d: %v", activity, err))
	}
}
