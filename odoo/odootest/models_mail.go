package odootest

import "html/template"

// threadMethods are what a model with a chatter has besides.
var threadMethods = map[string]*method{
	"message_post": {needs: "read", existing: true, anyKeyword: true, params: []string{}, run: runMessagePost},
}

func mailModels() []*model {
	return []*model{
		{
			name: "mail.message", label: "Message", nameField: "subject",
			fields: []*field{
				char("subject", "Subject"), richText("body", "Contents"), char("model", "Related Document Model"),
				integer("res_id", "Related Document ID").startsAs(int64(0)),
				char("message_type", "Type").startsAs("email_outgoing"),
				many2one("subtype_id", "Subtype", "mail.message.subtype"),
				many2one("author_id", "Author", "res.partner"), datetime("date", "Date"),
			},
			stored: func(tx *transaction, r row, _ map[string]bool, created bool) error {
				if created && r["date"] == nil {
					tx.set(r, "date", tx.now.UTC())
				}
				return nil
			},
		},
		{name: "mail.message.subtype", label: "Message subtypes", fields: []*field{char("name", "Message Type").must()}},
		{name: "mail.activity.type", label: "Activity Type", fields: []*field{char("name", "Name").must()}},
		{
			name: "mail.activity", label: "Activity", nameField: "summary",
			fields: []*field{
				many2one("res_model_id", "Document Model", "ir.model"), char("res_model", "Related Document Model"),
				integer("res_id", "Related Document ID").startsAs(int64(0)),
				many2one("activity_type_id", "Activity Type", "mail.activity.type"),
				char("summary", "Summary"), richText("note", "Note"), date("date_deadline", "Due Date").must().startsFrom(dayOfToday),
				many2one("user_id", "Assigned to", "res.users"),
				boolean("active", "Active").startsAs(true), date("date_done", "Done Date"), text("feedback", "Feedback"),
			},
			check: activityHasPlace, stored: activityStored,
			methods: map[string]*method{
				"action_feedback": {needs: "write", existing: true, params: []string{"feedback", "attachment_ids"}, run: runFeedback},
				"action_done":     {needs: "write", existing: true, run: runFeedback},
			},
		},
	}
}

func dayOfToday(tx *transaction) any { return tx.today().Format(dateLayout) }

// activityHasPlace is the database's constraint mail_activity_check_user_id_is_set_if_model (seen on a
// real Odoo 19): an activity hangs on a document or belongs to somebody.
func activityHasPlace(_ *transaction, r row) error {
	if r.number("res_model_id") == 0 && r.number("user_id") == 0 {
		return validationError("The operation cannot be completed: mail_activity_check_user_id_is_set_if_model")
	}
	return nil
}

// activityStored subscribes the assignee to the document, which fails on models without a chatter:
// bir.filing.deadline takes activities only with user_id false.
func activityStored(tx *transaction, r row, names map[string]bool, created bool) error {
	if owner, ok := tx.db.tables["ir.model"].rows[r.number("res_model_id")]; ok {
		tx.set(r, "res_model", owner.text("model"))
	}
	modelName := r.text("res_model")
	t, ok := tx.db.tables[modelName]
	if !ok || r["user_id"] == nil || !created && !names["user_id"] {
		return nil
	}
	if !t.thread {
		return attributeError("'%s' object has no attribute 'message_subscribe'", modelName)
	}
	return nil
}

// runFeedback archives an activity and leaves a message; the answer is the message's id.
func runFeedback(c *call) (any, error) {
	var last any = false
	for _, r := range c.table.find(c.ids) {
		values := map[string]any{"active": false, "date_done": c.today().Format(dateLayout), "feedback": c.text("feedback")}
		c.log(r.id(), values)
		if err := c.write(c.table, []int64{r.id()}, values); err != nil {
			return nil, err
		}
		message, err := c.create(c.db.tables["mail.message"], map[string]any{
			"model": r.text("res_model"), "res_id": r.number("res_id"), "message_type": "notification",
			"body": template.HTMLEscapeString(r.text("summary") + " done: " + c.text("feedback")),
		})
		if err != nil {
			return nil, err
		}
		last = message.id()
	}
	return last, nil
}

// runMessagePost writes a note per record. A body is text unless body_is_html says otherwise: HTML
// sent without it arrives escaped.
func runMessagePost(c *call) (any, error) {
	ids := []int64{}
	for _, id := range c.ids {
		body := c.text("body")
		if c.args["body_is_html"] != true {
			body = template.HTMLEscapeString(body)
		}
		values := map[string]any{
			"model": c.table.name, "res_id": id, "body": body, "subject": c.args["subject"],
			"message_type": orDefault(c.text("message_type"), "notification"),
		}
		if _, subtype, found := c.resolve(orDefault(c.text("subtype_xmlid"), "mail.mt_note")); found {
			values["subtype_id"] = subtype
		}
		messages := c.db.tables["mail.message"]
		r, err := c.create(messages, values)
		if err != nil {
			return nil, err
		}
		c.logOn(messages, "message_post", r.id(), values)
		ids = append(ids, r.id())
	}
	return ids, nil
}

func orDefault(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
