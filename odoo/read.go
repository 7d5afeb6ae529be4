package odoo

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
)

// ReadOptions narrow a search.
type ReadOptions struct {
	// Fields to read; none means every field, computed ones too, which is slow. The id always comes along.
	Fields []string
	// Complete refuses a record that comes without one of Fields, where it would be read as an empty one. Odoo itself
	// answers with all of them, or with an error. Set it where something is concluded from what a record holds.
	Complete bool
	// Order is Odoo's order clause ("deadline_date desc, id"); empty means the model's own order.
	Order string
	// Limit is the most records to read; 0 means all.
	Limit int
	// Offset skips records. Over data that changes it can skip too many: read with SearchReadPages.
	Offset int
	// Context is Odoo's context: {"active_test": false} finds archived records too, "lang" translates names.
	Context Values
}

func (o ReadOptions) named() Values {
	named := Values{}
	if len(o.Fields) > 0 {
		named["fields"] = o.Fields
	}
	for key, value := range o.window() {
		named[key] = value
	}
	return named
}

// needed are the fields that each record has to have.
func (o ReadOptions) needed() []string {
	if o.Complete {
		return o.Fields
	}
	return nil
}

func (o ReadOptions) window() Values {
	named := Values{}
	if o.Order != "" {
		named["order"] = o.Order
	}
	if o.Limit > 0 {
		named["limit"] = o.Limit
	}
	if o.Offset > 0 {
		named["offset"] = o.Offset
	}
	if len(o.Context) > 0 {
		named["context"] = o.Context
	}
	return named
}

// domainArgument is the first argument of every search. An empty domain is written as an empty list.
func domainArgument(domain Domain) []argument {
	if domain == nil {
		domain = Domain{}
	}
	return []argument{{"domain", domain}}
}

// Search finds the ids of records. Options.Fields is not used.
func (c *Client) Search(ctx context.Context, model string, domain Domain, options ReadOptions) ([]int64, error) {
	var ids []int64
	err := c.do(ctx, invocation{
		model: model, method: "search", args: domainArgument(domain), named: options.window(), reads: true, shape: isIDs(options.Limit),
	}, &ids)
	return ids, err
}

// SearchCount counts the records that the domain finds.
func (c *Client) SearchCount(ctx context.Context, model string, domain Domain) (int, error) {
	var n int
	err := c.do(ctx, invocation{model: model, method: "search_count", args: domainArgument(domain), reads: true, shape: isCount}, &n)
	return n, err
}

// SearchRead finds records and reads them into dst, a pointer to a slice of structs with `odoo` tags (or of maps), in
// one call and so from one moment of the database. A thousand deadlines take 34 to 107 ms (measured on Odoo 19).
func (c *Client) SearchRead(ctx context.Context, model string, domain Domain, options ReadOptions, dst any) error {
	return c.do(ctx, invocation{
		model: model, method: "search_read", args: domainArgument(domain), named: options.named(), reads: true,
		shape: isRecords(options.Limit, options.needed()...),
	}, dst)
}

// SearchReadPages reads all that the domain finds in pages of size records, in order of id. Each page asks for ids above
// the last one, so records that are created or deleted meanwhile make no other record be skipped or come twice; with
// Offset they would. Any other order cannot be paged safely (write_date is shown in whole seconds but ordered by
// microseconds), so Order, Offset and Limit are not used; sort what was read. The pages are not of one moment.
//
// A page that is over Config.MaxResponseBytes is asked for again in half the size, down to one record. The sequence ends
// at the first error, which comes with an empty page.
func SearchReadPages[T any](ctx context.Context, c *Client, model string, domain Domain, options ReadOptions, size int) iter.Seq2[[]T, error] {
	options.Order, options.Offset, options.Limit = "id", 0, max(size, 1)
	return func(yield func([]T, error) bool) {
		var last int64
		for {
			above := And(Where("id", ">", last), domain)
			raw := []json.RawMessage{}
			err := c.SearchRead(ctx, model, above, options, &raw)
			if isKind(err, ErrTooLarge) && options.Limit > 1 {
				options.Limit /= 2
				continue
			}
			var page []T
			if err == nil {
				page, err = decodePage[T](raw, &last)
			}
			if err != nil {
				yield(nil, inCall(invocation{model: model, method: "search_read"}, err))
				return
			}
			if len(page) > 0 && !yield(page, nil) {
				return
			}
			if len(raw) < options.Limit {
				return
			}
		}
	}
}

// decodePage reads a page and moves last to its highest id. A record at or below last was not asked for: a server that
// answers so would never come to an end, or leave records out.
func decodePage[T any](raw []json.RawMessage, last *int64) (page []T, err error) {
	page = make([]T, len(raw))
	for i, row := range raw {
		var key struct {
			ID int64 `odoo:"id"`
		}
		if err := Decode(row, &key); err != nil {
			return nil, err
		}
		if key.ID <= *last {
			return nil, invocation{reads: true}.foreign("the pages do not go by id")
		}
		if err := Decode(row, &page[i]); err != nil {
			return nil, err
		}
		*last = key.ID
	}
	return page, nil
}

// Read reads records by id into dst, a pointer to a slice. Ids of records that are gone are left out of the answer
// without an error: compare what was asked with what came.
func (c *Client) Read(ctx context.Context, model string, ids []int64, fields []string, dst any) error {
	named := Values{}
	if len(fields) > 0 {
		named["fields"] = fields
	}
	return c.do(ctx, invocation{
		model: model, method: "read", ids: recordSet(ids), named: named, reads: true, shape: isRecordsOf(ids, fields...),
	}, dst)
}

// Exists tells which of the ids still exist and may be seen by the user. Odoo's own exists() cannot be called
// remotely, so this is a search. Archived records count as existing.
func (c *Client) Exists(ctx context.Context, model string, ids ...int64) (map[int64]bool, error) {
	var found []int64
	err := c.do(ctx, invocation{
		model: model, method: "search", args: domainArgument(Where("id", "in", recordSet(ids))),
		named: Values{"context": Values{"active_test": false}}, reads: true, shape: isIDsOf(ids),
	}, &found)
	if err != nil {
		return nil, err
	}
	exists := make(map[int64]bool, len(found))
	for _, id := range found {
		exists[id] = true
	}
	return exists, nil
}

// recordSet makes no ids an empty set instead of "no set at all", which would call the model itself.
func recordSet(ids []int64) []int64 {
	if ids == nil {
		return []int64{}
	}
	return ids
}

// Field is what the server tells about a field. Attributes that were not asked for are zero.
type Field struct {
	Type     string `odoo:"type"`
	String   string `odoo:"string"`
	Relation string `odoo:"relation"`
	Required bool   `odoo:"required"`
	// Readonly is a mark for screens only: the server accepts writes to such a field.
	Readonly bool `odoo:"readonly"`
	Store    bool `odoo:"store"`
	// Selection is the list of value and label of a selection field.
	Selection [][2]string `odoo:"selection"`
}

// FieldsGet describes the fields of a model that the user may see. Attributes narrow the answer ("type", "string",
// "required", "readonly", "store", "relation", "selection"); none gives all.
func (c *Client) FieldsGet(ctx context.Context, model string, attributes ...string) (map[string]Field, error) {
	named := Values{}
	if len(attributes) > 0 {
		named["attributes"] = attributes
	}
	raw := map[string]json.RawMessage{}
	call := invocation{model: model, method: "fields_get", named: named, reads: true, shape: isFields}
	if err := c.do(ctx, call, &raw); err != nil {
		return nil, err
	}
	fields := make(map[string]Field, len(raw))
	for name, description := range raw {
		var field Field
		if err := Decode(description, &field); err != nil {
			return nil, inCall(call, err)
		}
		fields[name] = field
	}
	return fields, nil
}

// Param reads a setting from ir.config_parameter; ok is false when it is not set. Only users with Settings rights may:
// for others the error is ErrAccess, which a caller reports and lives with.
func (c *Client) Param(ctx context.Context, key string) (value string, ok bool, err error) {
	err = c.do(ctx, invocation{
		model: "ir.config_parameter", method: "get_param", args: []argument{{"key", key}}, reads: true, shape: isTextOrFalse,
	}, &value)
	return value, value != "", err
}

// Params reads several settings in one call; keys that are not set are left out. Rights as with Param.
func (c *Client) Params(ctx context.Context, keys ...string) (map[string]string, error) {
	var rows []struct {
		Key   string `odoo:"key"`
		Value string `odoo:"value"`
	}
	err := c.SearchRead(ctx, "ir.config_parameter", Where("key", "in", keys), ReadOptions{Fields: []string{"key", "value"}}, &rows)
	if err != nil {
		return nil, err
	}
	params := make(map[string]string, len(rows))
	for _, row := range rows {
		if strings.TrimSpace(row.Value) != "" {
			params[row.Key] = row.Value
		}
	}
	return params, nil
}
