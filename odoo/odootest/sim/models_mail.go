package sim

import "html/template"

// threadMethods are what a model with a chatter has besides.
var threadMethods = map[string]*Method{
	"message_post": {Needs: "read", Existing: true, anyKeyword: true, Params: []string{}, Run: runMessagePost},
}

func mailModels() []*Model {
	return []*Model{
		{
			Name: "mail.message", Label: "Message", NameField: "subject", OnPage: []string{"id", "model", "res_id", "body", "date"},
			Fields: []*Field{
				Char("subject", "Subject"), RichText("body", "Contents"), Char("model", "Related Document Model"),
				Integer("res_id", "Related Document ID").StartsAs(int64(0)),
				Char("message_type", "Type").StartsAs("email_outgoing"),
				Many2One("subtype_id", "Subtype", "mail.message.subtype"),
				Many2One("author_id", "Author", "res.partner"), Datetime("date", "Date"),
			},
			Stored: func(tx *Tx, r Row, _ map[string]bool, created bool) error {
				if created && r["date"] == nil {
					tx.set(r, "date", tx.now.UTC())
				}
				return nil
			},
		},
		{Name: "mail.message.subtype", Label: "Message subtypes", Fields: []*Field{Char("name", "Message Type").Must()}},
		{Name: "mail.activity.type", Label: "Activity Type", Fields: []*Field{Char("name", "Name").Must()}},
		{
			Name: "mail.activity", Label: "Activity", NameField: "summary",
			OnPage: []string{"id", "res_model", "res_id", "summary", "date_deadline", "active"},
			Fields: []*Field{
				Many2One("res_model_id", "Document Model", "ir.model"), Char("res_model", "Related Document Model"),
				Integer("res_id", "Related Document ID").StartsAs(int64(0)),
				Many2One("activity_type_id", "Activity Type", "mail.activity.type"),
				Char("summary", "Summary"), RichText("note", "Note"), Date("date_deadline", "Due Date").Must().StartsFrom(dayOfToday),
				Many2One("user_id", "Assigned to", "res.users"),
				Boolean("active", "Active").StartsAs(true), Date("date_done", "Done Date"), Text("feedback", "Feedback"),
			},
			Rule: activityRule, Check: activityHasPlace, Stored: activityStored,
			Methods: map[string]*Method{
				"action_feedback": {Needs: "write", Existing: true, Params: []string{"feedback", "attachment_ids"}, Run: runFeedback},
				"action_done":     {Needs: "write", Existing: true, Run: runDone},
			},
		},
	}
}

func dayOfToday(tx *Tx) any { return tx.Today().Format(dateLayout) }

// runMessagePost writes a note per record. A body is text unless body_is_html says otherwise: HTML
// sent without it arrives escaped.
func runMessagePost(c *Call) (any, error) {
	ids := []int64{}
	for _, id := range c.ids {
		body := c.text("body")
		if c.args["body_is_html"] != true {
			body = template.HTMLEscapeString(body)
		}
		values := map[string]any{
			"model": c.table.Name, "res_id": id, "body": body, "subject": c.args["subject"],
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
		c.logOn(messages, "message_post", r.ID(), values)
		ids = append(ids, r.ID())
	}
	return ids, nil
}

func orDefault(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
