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
			rule: activityRule, check: activityHasPlace, stored: activityStored,
			methods: map[string]*method{
				"action_feedback": {needs: "write", existing: true, params: []string{"feedback", "attachment_ids"}, run: runFeedback},
				"action_done":     {needs: "write", existing: true, run: runDone},
			},
		},
	}
}

func dayOfToday(tx *transaction) any { return tx.today().Format(dateLayout) }

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
