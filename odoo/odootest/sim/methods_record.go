package sim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// recordMethods are the methods that every model has.
var recordMethods = map[string]*Method{
	"search":       {OnModel: true, Needs: "read", Params: []string{"domain!", "offset", "limit", "order"}, Run: runSearch},
	"search_count": {OnModel: true, Needs: "read", Params: []string{"domain!", "limit"}, Run: runSearchCount},
	"search_read": {
		OnModel: true, Needs: "read", Run: runSearchRead, looseError: "BaseModel._read_format()",
		Params: []string{"domain", "fields", "offset", "limit", "order", "load"},
	},
	"read":            {Needs: "read", Params: []string{"fields", "load"}, Run: runRead},
	"create":          {OnModel: true, Needs: "create", Params: []string{"vals_list!"}, Run: runCreate},
	"write":           {Needs: "write", Params: []string{"vals!"}, Run: runWrite},
	"unlink":          {Needs: "unlink", Run: runUnlink},
	"fields_get":      {OnModel: true, Needs: "read", Params: []string{"allfields", "attributes"}, Run: runFieldsGet},
	"load":            {OnModel: true, Needs: "create", Params: []string{"fields!", "data!"}, Run: runLoad},
	"name_search":     {OnModel: true, Needs: "read", Params: []string{"name", "domain", "operator", "limit"}, Run: runNameSearch},
	"get_external_id": {Needs: "read", Run: runGetExternalID},
	"get_metadata":    {Needs: "read", Existing: true, Run: runGetMetadata},
	"web_save_multi":  {Needs: "write", Params: []string{"vals_list!", "specification!"}, Run: runWebSaveMulti},
	"has_access":      {since: 18, Params: []string{"operation!"}, Run: runHasAccess},
	// Deprecated from 18 on, and there all the same.
	"check_access_rights": {OnModel: true, Params: []string{"operation!", "raise_exception"}, Run: runCheckAccessRights},
	"action_archive":      {Needs: "write", Run: func(c *Call) (any, error) { return setActive(c, false) }},
	"action_unarchive":    {Needs: "write", Run: func(c *Call) (any, error) { return setActive(c, true) }},
}

func runSearch(c *Call) (any, error) {
	rows, err := c.found()
	return idsOf(rows), err
}

// found runs the search that the arguments describe.
func (c *Call) found() ([]Row, error) {
	domain, err := c.domain("domain")
	if err != nil {
		return nil, err
	}
	return c.search(c.table, domain, c.text("order"), c.number("offset"), c.number("limit"))
}

func idsOf(rows []Row) []int64 {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID()
	}
	return ids
}

func runSearchCount(c *Call) (any, error) {
	rows, err := c.found()
	return int64(len(rows)), err
}

func runSearchRead(c *Call) (any, error) {
	names, err := c.names("fields")
	if err != nil {
		return nil, err
	}
	if _, err := readFields(c.table, names); err != nil {
		return nil, err
	}
	rows, err := c.found()
	if err != nil {
		return nil, err
	}
	return c.read(c.table, rows, names, c.pairs())
}

// runRead leaves ids out that do not exist.
func runRead(c *Call) (any, error) {
	names, err := c.names("fields")
	if err != nil {
		return nil, err
	}
	rows := c.table.find(c.ids)
	for _, r := range rows {
		if err := c.permit(c.table, r, "read"); err != nil {
			return nil, err
		}
	}
	return c.read(c.table, rows, names, c.pairs())
}

// runCreate takes one dict or a list. The classic protocols answer one dict with one id, JSON-2
// always with a list.
func runCreate(c *Call) (any, error) {
	list, many := c.args["vals_list"].([]any)
	if !many {
		list = []any{c.args["vals_list"]}
	}
	ids := make([]int64, 0, len(list))
	for _, item := range list {
		values, err := c.values(item)
		if err != nil {
			return nil, err
		}
		r, err := c.create(c.table, values)
		if err != nil {
			return nil, err
		}
		c.log(r.ID(), values)
		ids = append(ids, r.ID())
	}
	if !many && c.protocol != protocolJSON2 {
		return ids[0], nil
	}
	return ids, nil
}

func runWrite(c *Call) (any, error) {
	values, err := c.values(c.args["vals"])
	if err != nil {
		return nil, err
	}
	for _, id := range c.ids {
		c.log(id, values)
	}
	return true, c.write(c.table, c.ids, values)
}

func runUnlink(c *Call) (any, error) {
	for _, id := range c.ids {
		c.log(id, nil)
	}
	return true, c.unlink(c.table, c.ids)
}

func runLoad(c *Call) (any, error) {
	names, err := c.names("fields")
	if err != nil {
		return nil, err
	}
	data, ok := c.args["data"].([]any)
	if !ok {
		return nil, typeError("data must be a list, not %s", pythonRepr(c.args["data"]))
	}
	result, err := c.load(c.table, names, data)
	if err != nil {
		return nil, err
	}
	if len(result.messages) == 0 {
		for i, id := range result.ids {
			c.log(id, loggedRow(names, data[i]))
		}
	}
	return result.wire(), nil
}

func loggedRow(names []string, item any) map[string]any {
	values := map[string]any{}
	cells, ok := item.([]any)
	for i, name := range names {
		if ok && i < len(cells) {
			values[name] = cells[i]
		}
	}
	return values
}

func runNameSearch(c *Call) (any, error) {
	domain, err := c.domain("domain")
	if err != nil {
		return nil, err
	}
	if name := c.text("name"); name != "" {
		operator := c.text("operator")
		if operator == "" {
			operator = "ilike"
		}
		domain = append([]any{"&", []any{c.table.NameField, operator, name}}, joined(domain)...)
	}
	limit := c.number("limit")
	if _, given := c.args["limit"]; !given {
		limit = 100
	}
	rows, err := c.search(c.table, domain, "", 0, limit)
	if err != nil {
		return nil, err
	}
	pairs := make([]any, len(rows))
	for i, r := range rows {
		pairs[i] = []any{r.ID(), c.displayName(c.table.Name, r.ID())}
	}
	return pairs, nil
}

// joined makes one term of a domain, so that an operator before it covers all of it.
func joined(domain []any) []any {
	if len(domain) == 0 {
		return []any{[]any{int64(1), "=", int64(1)}}
	}
	terms := 0
	for _, term := range domain {
		if _, leaf := term.([]any); leaf {
			terms++
		} else if term != "!" {
			terms--
		}
	}
	for range terms - 1 {
		domain = append([]any{"&"}, domain...)
	}
	return domain
}

// runGetExternalID needs no right on ir.model.data, only on the record.
func runGetExternalID(c *Call) (any, error) {
	result := map[string]any{}
	for _, id := range c.ids {
		key := ""
		if keys := c.keysOf(c.table.Name, id); len(keys) > 0 {
			key = keys[0]
		}
		result[strconv.FormatInt(id, 10)] = key
	}
	return result, nil
}

func runGetMetadata(c *Call) (any, error) {
	result := []any{}
	for _, r := range c.table.find(c.ids) {
		entry, err := c.read(c.table, []Row{r}, []string{"create_uid", "create_date", "write_uid", "write_date"}, true)
		if err != nil {
			return nil, err
		}
		xmlids, first := []any{}, any(false)
		for _, key := range c.keysOf(c.table.Name, r.ID()) {
			xmlids = append(xmlids, map[string]any{"xmlid": key, "noupdate": false})
			first = key
		}
		maps.Copy(entry[0], map[string]any{"xmlid": first, "xmlids": xmlids, "noupdate": false})
		result = append(result, entry[0])
	}
	return result, nil
}

// runWebSaveMulti writes different values to many records in one call, which is what makes a large
// write-back affordable.
func runWebSaveMulti(c *Call) (any, error) {
	list, ok := c.args["vals_list"].([]any)
	if !ok || len(list) != len(c.ids) {
		return nil, valueError("Each record must have a corresponding vals entry.")
	}
	specification, err := c.values(c.args["specification"])
	if err != nil {
		return nil, err
	}
	for i, id := range c.ids {
		values, err := c.values(list[i])
		if err != nil {
			return nil, err
		}
		c.log(id, values)
		if err := c.write(c.table, []int64{id}, values); err != nil {
			return nil, err
		}
	}
	names := slices.Sorted(maps.Keys(specification))
	if len(names) == 0 {
		names = []string{"id"}
	}
	return c.read(c.table, c.table.find(c.ids), names, false)
}

func runHasAccess(c *Call) (any, error) {
	for _, r := range c.table.find(c.ids) {
		if !c.passesRule(c.table, r, c.text("operation")) {
			return false, nil
		}
	}
	return c.user.may(c.table.Model, c.text("operation")), nil
}

func runCheckAccessRights(c *Call) (any, error) {
	if c.args["raise_exception"] == false {
		return c.user.may(c.table.Model, c.text("operation")), nil
	}
	return true, c.user.allow(c.table.Model, c.text("operation"))
}

func setActive(c *Call, active bool) (any, error) {
	values := map[string]any{"active": active}
	for _, id := range c.ids {
		c.log(id, values)
	}
	return true, c.write(c.table, c.ids, values)
}

// runFieldsGet describes fields; without attributes it gives those that a client may want.
func runFieldsGet(c *Call) (any, error) {
	names, err := c.names("allfields")
	if err != nil {
		return nil, err
	}
	attributes, err := c.names("attributes")
	if err != nil {
		return nil, err
	}
	result := map[string]any{}
	for _, f := range c.table.Fields {
		if names != nil && !slices.Contains(names, f.name) {
			continue
		}
		described := f.describe()
		for attribute := range described {
			if attributes != nil && !slices.Contains(attributes, attribute) {
				delete(described, attribute)
			}
		}
		result[f.name] = described
	}
	return result, nil
}

func (f *Field) describe() map[string]any {
	described := map[string]any{
		"name": f.name, "type": f.kind, "string": f.label, "required": f.required, "readonly": f.readonly,
		"store": f.stored(), "searchable": f.compute == nil, "manual": strings.HasPrefix(f.name, "x_"),
	}
	if f.relation != "" {
		described["relation"] = f.relation
	}
	if f.inverse != "" {
		described["relation_field"] = f.inverse
	}
	if f.kind == typeSelection {
		options := make([]any, len(f.selection))
		for i, option := range f.selection {
			options[i] = []any{option[0], option[1]}
		}
		described["selection"] = options
	}
	return described
}
