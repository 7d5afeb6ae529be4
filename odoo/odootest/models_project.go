package odootest

// projectModels are the stock task models. Odoo 19 has four priorities, 17 and 18 have two.
func projectModels(version int) []*model {
	priorities := [][2]string{{"0", "Low"}, {"1", "High"}}
	if version >= 19 {
		priorities = [][2]string{
			{"0", "Low priority"}, {"1", "Medium priority"}, {"2", "High priority"}, {"3", "Urgent"},
		}
	}
	return []*model{
		{
			name: "project.project", label: "Project", thread: true,
			fields: []*field{
				char("name", "Name").must(), boolean("active", "Active").startsAs(true),
				many2one("company_id", "Company", "res.company"), many2many("type_ids", "Tasks Stages", "project.task.type"),
			},
		},
		{
			name: "project.task.type", label: "Task Stage", order: "sequence, id",
			fields: []*field{
				char("name", "Name").must(), integer("sequence", "Sequence").startsAs(int64(1)),
				boolean("fold", "Folded in Kanban").startsAs(false), boolean("active", "Active").startsAs(true),
				many2many("project_ids", "Projects", "project.project"),
			},
		},
		{
			name: "project.task", label: "Task", thread: true,
			fields: []*field{
				char("name", "Title").must(), richText("description", "Description"),
				selection("priority", "Priority", priorities...).startsAs("0"),
				many2one("project_id", "Project", "project.project"), many2one("stage_id", "Stage", "project.task.type"),
				datetime("date_deadline", "Deadline"), boolean("active", "Active").startsAs(true),
				selection("state", "State", [2]string{"01_in_progress", "In Progress"},
					[2]string{"02_changes_requested", "Changes Requested"}, [2]string{"03_approved", "Approved"},
					[2]string{"1_done", "Done"}, [2]string{"1_canceled", "Cancelled"},
					[2]string{"04_waiting_normal", "Waiting"}).must().startsAs("01_in_progress"),
				many2many("user_ids", "Assignees", "res.users"), many2one("company_id", "Company", "res.company"),
				integer("sequence", "Sequence").startsAs(int64(10)),
			},
			stored: taskStored,
		},
	}
}

// taskStored puts a new task of a project into the project's first stage.
func taskStored(tx *transaction, r row, _ map[string]bool, created bool) error {
	project, ok := tx.db.tables["project.project"].rows[r.number("project_id")]
	if !created || !ok || r["stage_id"] != nil {
		return nil
	}
	if stages, ok := project["type_ids"].([]int64); ok && len(stages) > 0 {
		tx.set(r, "stage_id", stages[0])
	}
	return nil
}
