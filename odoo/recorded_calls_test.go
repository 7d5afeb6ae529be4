package odoo

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// recordedCall words the recorded request in the client's methods.
func (p *player) recordedCall() func(context.Context, *Client) (any, error) {
	call := p.rpc()
	switch {
	case p.protocol() == JSON2:
		return p.recordedJSON2()
	case call.Params.Service == "object":
		args := call.Params.Args
		positional := args[5].([]any)
		named := Values{}
		if len(args) > 6 {
			named = args[6].(map[string]any)
		}
		return inClientsWords(args[3].(string), args[4].(string), positional, named)
	case call.Params.Method == "version":
		return func(ctx context.Context, c *Client) (any, error) {
			version, err := c.Version(ctx)
			return version.Series, err
		}
	case call.Params.Method == "authenticate":
		return func(ctx context.Context, c *Client) (any, error) {
			session, err := c.Connect(ctx)
			return session.UserID, err
		}
	}
	p.t.Fatalf("cannot read the recorded request of %s", p.recorded.name)
	return nil
}

func (p *player) recordedJSON2() func(context.Context, *Client) (any, error) {
	model, method := splitPath(p.recorded.Request.Path)
	named := Values{}
	if err := json.Unmarshal(p.recorded.Request.Body, &named); err != nil {
		p.t.Fatal(err)
	}
	var positional []any
	for _, name := range append([]string{"ids"}, leadingArguments[method]...) {
		if value, ok := named[name]; ok {
			positional = append(positional, value)
			delete(named, name)
		}
	}
	return inClientsWords(model, method, positional, named)
}

func splitPath(path string) (model, method string) {
	parts := splitNonEmpty(path)
	return parts[2], parts[3]
}

func splitNonEmpty(path string) []string {
	var parts []string
	for part := range strings.SplitSeq(path, "/") {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// leadingArguments are the names of the arguments that the old protocols send by position, after the record set.
var leadingArguments = map[string][]string{
	"search_read": {"domain"}, "search": {"domain"}, "search_count": {"domain"},
	"create": {"vals_list"}, "write": {"vals"}, "load": {"fields", "data"},
	"get_param": {"key"}, "set_param": {"key", "value"}, "name_search": {"name", "domain"},
}

func inClientsWords(model, method string, positional []any, named Values) func(context.Context, *Client) (any, error) {
	return func(ctx context.Context, c *Client) (any, error) {
		switch method {
		case "search_read":
			rows := []any{}
			if _, known := named["fieldz"]; known {
				break
			}
			err := c.SearchRead(ctx, model, positional[0].([]any), readOptions(named), &rows)
			return rows, err
		case "search":
			return c.Search(ctx, model, positional[0].([]any), readOptions(named))
		case "search_count":
			if len(named) > 0 {
				break
			}
			return c.SearchCount(ctx, model, positional[0].([]any))
		case "read":
			if _, raw := named["load"]; raw {
				break
			}
			rows := []any{}
			err := c.Read(ctx, model, ids(positional[0]), texts(named["fields"]), &rows)
			return rows, err
		case "create":
			return create(ctx, c, model, positional[0])
		case "write":
			if len(positional) < 2 {
				break
			}
			return true, c.Write(ctx, model, ids(positional[0]), positional[1].(map[string]any))
		case "unlink":
			return true, c.Unlink(ctx, model, ids(positional[0])...)
		case "load":
			rows := positional[1].([]any)
			table := make([][]string, len(rows))
			for i, row := range rows {
				table[i] = texts(row)
			}
			loaded, err := c.Load(ctx, model, texts(positional[0]), table)
			return map[string]any{"ids": loaded, "messages": []any{}, "nextrow": 0}, err
		}
		return callByName(ctx, c, model, method, positional, named)
	}
}

func callByName(ctx context.Context, c *Client, model, method string, positional []any, named Values) (any, error) {
	arguments := maps.Clone(named)
	var records []int64
	if len(positional) > 0 {
		if list, ok := positional[0].([]any); ok && !slices.Contains(leadingArguments[method], "domain") {
			records, positional = ids(list), positional[1:]
		}
	}
	for i, value := range positional {
		arguments[leadingArguments[method][i]] = value
	}
	var result any
	err := c.Call(ctx, model, method, records, arguments, &result)
	return result, err
}

func create(ctx context.Context, c *Client, model string, values any) (any, error) {
	if one, ok := values.(map[string]any); ok {
		created, err := c.Create(ctx, model, one)
		if err != nil {
			return nil, err
		}
		return created, nil
	}
	var records []Values
	for _, record := range values.([]any) {
		records = append(records, record.(map[string]any))
	}
	return c.Create(ctx, model, records...)
}

func readOptions(named Values) ReadOptions {
	options := ReadOptions{Fields: texts(named["fields"])}
	options.Order, _ = named["order"].(string)
	options.Context, _ = named["context"].(map[string]any)
	if limit, ok := named["limit"].(float64); ok {
		options.Limit = int(limit)
	}
	if offset, ok := named["offset"].(float64); ok {
		options.Offset = int(offset)
	}
	return options
}

func ids(list any) []int64 {
	records := []int64{}
	for _, id := range list.([]any) {
		records = append(records, int64(id.(float64)))
	}
	return records
}

func texts(list any) []string {
	items, _ := list.([]any)
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = item.(string)
	}
	return texts
}

func askVersion(ctx context.Context, c *Client) (any, error) {
	version, err := c.Version(ctx)
	return version.Series, err
}

func askUser(ctx context.Context, c *Client) (any, error) {
	session, err := c.Connect(ctx)
	return session.UserID, err
}

func describeDeadline(ctx context.Context, c *Client) (any, error) {
	fields, err := c.FieldsGet(ctx, "bir.filing.deadline", "type", "string", "required", "readonly", "store", "relation", "selection")
	return fields["state"], err
}

func describeOverJSON2(ctx context.Context, c *Client) (any, error) {
	fields, err := c.FieldsGet(ctx, "bir.filing.deadline", "type", "selection", "store", "readonly")
	return fields["state"], err
}

func searchReadWithIDs(ctx context.Context, c *Client) (any, error) {
	return nil, c.Call(ctx, "bir.filing.deadline", "search_read", []int64{1}, Values{"domain": Domain{}}, nil)
}

func readTwoRows(ctx context.Context, c *Client) (any, error) {
	var rows []struct {
		ID       int64    `odoo:"id"`
		Name     string   `odoo:"name"`
		Deadline Date     `odoo:"deadline_date"`
		Company  Many2One `odoo:"company_id"`
		Return   Many2One `odoo:"return_id"`
		Written  DateTime `odoo:"write_date"`
	}
	err := c.SearchRead(ctx, "bir.filing.deadline", nil, ReadOptions{}, &rows)
	for _, row := range rows {
		if row.ID == 0 || row.Name == "" || row.Deadline.IsZero() || row.Company.Name == "" || !row.Return.IsZero() || row.Written.IsZero() {
			return row, err
		}
	}
	return len(rows), err
}

func resetReturn(ctx context.Context, c *Client) (any, error) {
	var result any
	err := c.Call(ctx, "bir.tax.return", "action_reset_to_draft", []int64{1}, nil, &result)
	return result, err
}

func emptyReturn(ctx context.Context, c *Client) (any, error) {
	return true, c.Write(ctx, "bir.filing.deadline", []int64{1}, Values{"return_id": nil})
}

func countDeadlines(ctx context.Context, c *Client) (any, error) {
	return c.SearchCount(ctx, "bir.filing.deadline", Where("return_id", "=", nil))
}
