package sim

// checkObjectReference is ir.model.data.check_object_reference: it resolves an external id for whoever
// may call, without the right to read ir.model.data. The id is false where the user may not see the
// record, and where the record is archived and active_test is on.
var checkObjectReference = &Method{
	OnModel: true, Params: []string{"module!", "xml_id!", "raise_on_access_error"}, Run: runCheckObjectReference,
}

func runCheckObjectReference(c *Call) (any, error) {
	key := c.text("module") + "." + c.text("xml_id")
	id, found := c.db.externalIDs[key]
	if !found {
		return nil, valueError("External ID not found in the system: %s", key)
	}
	data := c.db.tables["ir.model.data"].rows[id]
	owner := c.db.tables[data.Text("model")]
	if owner == nil {
		return []any{data.Text("model"), false}, nil
	}
	named := owner.rows[data.Number("res_id")]
	if named == nil || !c.permitted(owner, named, "read") || named["active"] == false && c.context["active_test"] != false {
		return []any{data.Text("model"), false}, nil
	}
	return []any{data.Text("model"), data.Number("res_id")}, nil
}
