package odootest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// recordMethods are the methods that every model has.
var recordMethods = map[string]*method{
	"search":       {onModel: true, needs: "read", params: []string{"domain!", "offset", "limit", "order"}, run: runSearch},
	"search_count": {onModel: true, needs: "read", params: []string{"domain!", "limit"}, run: runSearchCount},
	"search_read": {
		onModel: true, needs: "read", run: runSearchRead, looseError: "BaseModel._read_format()",
		params: []string{"domain", "fields", "offset", "limit", "order", "load"},
	},
	"read":            {needs: "read", params: []string{"fields", "load"}, run: runRead},
	"create":          {onModel: true, needs: "create", params: []string{"vals_list!"}, run: runCreate},
	"write":           {needs: "write", params: []string{"vals!"}, run: runWrite},
	"unlink":          {needs: "unlink", run: runUnlink},
	"fields_get":      {onModel: true, needs: "read", params: []string{"allfields", "attributes"}, run: runFieldsGet},
	"load":            {onModel: true, needs: "create", params: []string{"fields!", "data!"}, run: runLoad},
	"name_search":     {onModel: true, needs: "read", params: []string{"name", "domain", "operator", "limit"}, run: runNameSearch},
	"get_external_id": {needs: "read", run: runGetExternalID},
	"get_metadata":    {needs: "read", existing: true, run: runGetMetadata},
	"web_save_multi":  {needs: "write", params: []string{"vals_list!", "specification!"}, run: runWebSaveMulti},
	"has_access":      {since: 18, params: []string{"operation!"}, run: runHasAccess},
	// Deprecated from 18 on, and there all the same.
	"check_access_rights": {onModel: true, params: []string{"operation!", "raise_exception"}, run: runCheckAccessRights},
	"action_archive":      {needs: "write", run: func(c *call) (any, error) { return setActive(c, false) }},
	"action_unarchive":    {needs: "write", run: func(c *call) (any, error) { return setActive(c, true) }},
}

func runSearch(c *call) (any, error) {
	rows, err := c.found()
	return idsOf(rows), err
}

// found runs the search that the arguments describe.
func (c *call) found() ([]row, error) {
	domain, err := c.domain("domain")
	if err != nil {
		return nil, err
	}
	return c.search(c.table, domain, c.text("order"), c.number("offset"), c.number("limit"))
}

func idsOf(rows []row) []int64 {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.id()
	}
	return ids
}

func runSearchCount(c *call) (any, error) {
	rows, err := c.found()
	return int64(len(rows)), err
}

func runSearchRead(c *call) (any, error) {
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
func runRead(c *call) (any, error) {
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
func runCreate(c *call) (any, error) {
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
		c.log(r.id(), values)
		ids = append(ids, r.id())
	}
	if !many && c.protocol != protocolJSON2 {
		return ids[0], nil
	}
	return ids, nil
}

func runWrite(c *call) (any, error) {
	values, err := c.values(c.args["vals"])
	if err != nil {
		return nil, err
	}
	for _, id := range c.ids {
		c.log(id, values)
	}
	return true, c.write(c.table, c.ids, values)
}

func runUnlink(c *call) (any, error) {
	for _, id := range c.ids {
		c.log(id, nil)
	}
	return true, c.unlink(c.table, c.ids)
}

func runLoad(c *call) (any, error) {
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

func runNameSearch(c *call) (any, error) {
	domain, err := c.domain("domain")
	if err != nil {
		return nil, err
	}
	if name := c.text("name"); name != "" {
		operator := c.text("operator")
		if operator == "" {
			operator = "ilike"
		}
		domain = append([]any{"&", []any{c.table.nameField, operator, name}}, joined(domain)...)
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
		pairs[i] = []any{r.id(), c.displayName(c.table.name, r.id())}
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
func runGetExternalID(c *call) (any, error) {
	result := map[string]any{}
	for _, id := range c.ids {
		key := ""
		if keys := c.keysOf(c.table.name, id); len(keys) > 0 {
			key = keys[0]
		}
		result[strconv.FormatInt(id, 10)] = key
	}
	return result, nil
}

func runGetMetadata(c *call) (any, error) {
	result := []any{}
	for _, r := range c.table.find(c.ids) {
		entry, err := c.read(c.table, []row{r}, []string{"create_uid", "create_date", "write_uid", "write_date"}, true)
		if err != nil {
			return nil, err
		}
		xmlids, first := []any{}, any(false)
		for _, key := range c.keysOf(c.table.name, r.id()) {
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
func runWebSaveMulti(c *call) (any, error) {
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

func runHasAccess(c *call) (any, error) {
	for _, r := range c.table.find(c.ids) {
		if !c.passesRule(c.table, r, c.text("operation")) {
			return false, nil
		}
	}
	return c.user.may(c.table.model, c.text("operation")), nil
}

func runCheckAccessRights(c *call) (any, error) {
	if c.args["raise_exception"] == false {
		return c.user.may(c.table.model, c.text("operation")), nil
	}
	return true, c.user.allow(c.table.model, c.text("operation"))
}

func setActive(c *call, active bool) (any, error) {
	values := map[string]any{"active": active}
	for _, id := range c.ids {
		c.log(id, values)
	}
	return true, c.write(c.table, c.ids, values)
}

// runFieldsGet describes fields; without attributes it gives those that a client may want.
func runFieldsGet(c *call) (any, error) {
	names, err := c.names("allfields")
	if err != nil {
		return nil, err
	}
	attributes, err := c.names("attributes")
	if err != nil {
		return nil, err
	}
	result := map[string]any{}
	for _, f := range c.table.fields {
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

func (f *field) describe() map[string]any {
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
