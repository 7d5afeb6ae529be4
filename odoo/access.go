package odoo

import "context"

// hasAccessSince is the first version with has_access; before, only rights on a model as a whole can be asked for.
const hasAccessSince = 18

// May tells whether the user has a right ("read", "write", "create" or "unlink") on all the records, or on the model as
// a whole when no id is given. It answers without the words of a refusal, which come in the user's language.
func (c *Client) May(ctx context.Context, model, operation string, ids ...int64) (bool, error) {
	session, err := c.Connect(ctx)
	if err != nil {
		return false, err
	}
	call := invocation{
		model: model, method: "has_access", ids: recordSet(ids), args: []argument{{"operation", operation}}, reads: true, shape: isBool,
	}
	if session.Version.Major < hasAccessSince {
		call = invocation{
			model: model, method: "check_access_rights", args: []argument{{"operation", operation}, {"raise_exception", false}}, reads: true, shape: isBool,
		}
	}
	may := false
	err = c.do(ctx, call, &may)
	return may, err
}
