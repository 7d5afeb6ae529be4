package odootest

// checkObjectReference is ir.model.data.check_object_reference: it resolves an external id for whoever
// may call, without the right to read ir.model.data. The id is false where the user may not see the
// record, and where the record is archived and active_test is on.
var checkObjectReference = &method{
	onModel: true, params: []string{"module!", "xml_id!", "raise_on_access_error"}, run: runCheckObjectReference,
}

func runCheckObjectReference(c *call) (any, error) {
	key := c.text("module") + "." + c.text("xml_id")
	id, found := c.db.externalIDs[key]
	if !found {
		return nil, valueError("External ID not found in the system: %s", key)
	}
	data := c.db.tables["ir.model.data"].rows[id]
	owner := c.db.tables[data.text("model")]
	if owner == nil {
		return []any{data.text("model"), false}, nil
	}
	named := owner.rows[data.number("res_id")]
	if named == nil || !c.permitted(owner, named, "read") || named["active"] == false && c.context["active_test"] != false {
		return []any{data.text("model"), false}, nil
	}
	return []any{data.text("model"), data.number("res_id")}, nil
}
