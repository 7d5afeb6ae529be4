package sim

// projectModels are the stock task models. Odoo 19 has four priorities, 17 and 18 have two.
func projectModels(version int) []*Model {
	priorities := [][2]string{{"0", "Low"}, {"1", "High"}}
	if version >= 19 {
		priorities = [][2]string{
			{"0", "Low priority"}, {"1", "Medium priority"}, {"2", "High priority"}, {"3", "Urgent"},
		}
	}
	return []*Model{
		{
			Name: "project.project", Label: "Project", Chatter: true,
			Fields: []*Field{
				Char("name", "Name").Must(), Boolean("active", "Active").StartsAs(true),
				Many2One("company_id", "Company", "res.company"), Many2Many("type_ids", "Tasks Stages", "project.task.type"),
			},
		},
		{
			Name: "project.task.type", Label: "Task Stage", Order: "sequence, id",
			Fields: []*Field{
				Char("name", "Name").Must(), Integer("sequence", "Sequence").StartsAs(int64(1)),
				Boolean("fold", "Folded in Kanban").StartsAs(false), Boolean("active", "Active").StartsAs(true),
				Many2Many("project_ids", "Projects", "project.project"),
			},
		},
		{
			Name: "project.task", Label: "Task", Chatter: true, OnPage: []string{"id", "name", "stage_id", "priority", "active"},
			Fields: []*Field{
				Char("name", "Title").Must(), RichText("description", "Description"),
				Selection("priority", "Priority", priorities...).StartsAs("0"),
				Many2One("project_id", "Project", "project.project"), Many2One("stage_id", "Stage", "project.task.type"),
				Datetime("date_deadline", "Deadline"), Boolean("active", "Active").StartsAs(true),
				Selection("state", "State", [2]string{"01_in_progress", "In Progress"},
					[2]string{"02_changes_requested", "Changes Requested"}, [2]string{"03_approved", "Approved"},
					[2]string{"1_done", "Done"}, [2]string{"1_canceled", "Cancelled"},
					[2]string{"04_waiting_normal", "Waiting"}).Must().StartsAs("01_in_progress"),
				Many2Many("user_ids", "Assignees", "res.users"), Many2One("company_id", "Company", "res.company"),
				Integer("sequence", "Sequence").StartsAs(int64(10)),
			},
			Stored: taskStored,
		},
	}
}

// taskStored puts a new task of a project into the project's first stage.
func taskStored(tx *Tx, r Row, _ map[string]bool, created bool) error {
	project, ok := tx.db.tables["project.project"].rows[r.Number("project_id")]
	if !created || !ok || r["stage_id"] != nil {
		return nil
	}
	if stages, ok := project["type_ids"].([]int64); ok && len(stages) > 0 {
		tx.set(r, "stage_id", stages[0])
	}
	return nil
}
