package sim

import (
	"slices"
	"strings"
)

// Call is one method call on a model, whatever protocol brought it.
type Call struct {
	*Tx
	table *table
	name  string
	ids   []int64
	args  map[string]any
	// protocol is jsonrpc, xmlrpc or json2: a few answers differ.
	protocol string
}

// Method describes a public method: whether it belongs to the model or to records, its parameters
// (a name ending in "!" has no default) and what it does.
type Method struct {
	OnModel bool
	Params  []string
	// anyKeyword lets unknown keywords through; looseError is the TypeError of a method that takes
	// them and fails inside, which JSON-2 answers with 500 instead of 422.
	anyKeyword bool
	looseError string
	// Needs is the right that the method asks for: read, write, create or unlink.
	Needs string
	// since is the first version of Odoo that has the method; 0 is every one.
	since int
	// Existing makes the method raise MissingError when one of its records is gone.
	Existing bool
	// Run does the work. An error undoes all of it; a nil result is Python's None.
	Run func(*Call) (any, error)
}

// private lists public-looking methods that Odoo 19 does not let anyone call from outside.
var private = []string{"exists", "browse", "sudo", "with_context", "with_user", "filtered", "mapped", "ensure_one", "flush_model"}

func (t *table) method(name string, version int) (*Method, error) {
	m, err := t.anyMethod(name)
	if err == nil && m.since > version {
		return nil, attributeError("The method '%s.%s' does not exist", t.Name, name)
	}
	return m, err
}

func (t *table) anyMethod(name string) (*Method, error) {
	if strings.HasPrefix(name, "_") || slices.Contains(private, name) {
		return nil, privateMethod(t.Name, name)
	}
	if m, ok := t.Methods[name]; ok {
		return m, nil
	}
	if m, ok := threadMethods[name]; ok && t.Chatter {
		return m, nil
	}
	if m, ok := recordMethods[name]; ok {
		return m, nil
	}
	return nil, attributeError("The method '%s.%s' does not exist", t.Name, name)
}

// bind gives positional and named arguments their names.
func (m *Method) bind(c *Call, positional []any, named map[string]any) error {
	c.args = map[string]any{}
	if len(positional) > len(m.Params) && !m.anyKeyword {
		return typeError("BaseModel.%s() takes %d positional arguments but %d were given",
			c.name, len(m.Params)+1, len(positional)+1)
	}
	for i, value := range positional {
		if i < len(m.Params) {
			c.args[strings.TrimSuffix(m.Params[i], "!")] = value
		}
	}
	for name, value := range named {
		if !m.knows(name) {
			return m.unknownKeyword(c, name)
		}
		c.args[name] = value
	}
	for _, param := range m.Params {
		name, required := strings.CutSuffix(param, "!")
		if _, given := c.args[name]; required && !given {
			return m.missingArgument(c, name)
		}
	}
	return nil
}

func (m *Method) knows(name string) bool {
	return m.anyKeyword || slices.Contains(m.Params, name) || slices.Contains(m.Params, name+"!")
}

func (m *Method) unknownKeyword(c *Call, name string) error {
	switch {
	case m.looseError != "":
		return typeError("%s got an unexpected keyword argument '%s'", m.looseError, name)
	case c.protocol == protocolJSON2:
		return httpError(422, "got an unexpected keyword argument '%s'", name)
	}
	return typeError("BaseModel.%s() got an unexpected keyword argument '%s'", c.name, name)
}

func (m *Method) missingArgument(c *Call, name string) error {
	if c.protocol == protocolJSON2 {
		return httpError(422, "missing a required argument: '%s'", name)
	}
	return typeError("BaseModel.%s() missing 1 required positional argument: '%s'", c.name, name)
}

func (c *Call) domain(name string) ([]any, error) {
	switch v := c.args[name].(type) {
	case nil, bool:
		return []any{}, nil
	case []any:
		return v, nil
	}
	return nil, valueError("Domain() invalid domain: %s", pythonRepr(c.args[name]))
}

func (c *Call) text(name string) string {
	text, ok := c.args[name].(string)
	if !ok {
		return ""
	}
	return text
}

func (c *Call) number(name string) int64 {
	n, ok := c.args[name].(int64)
	if !ok {
		return 0
	}
	return n
}

func (c *Call) names(name string) ([]string, error) {
	switch v := c.args[name].(type) {
	case nil, bool:
		return nil, nil
	case []any:
		names := make([]string, len(v))
		for i, item := range v {
			text, ok := item.(string)
			if !ok {
				return nil, typeError("field names must be str, not %s", pythonRepr(item))
			}
			names[i] = text
		}
		return names, nil
	}
	return nil, typeError("a list of field names is expected, not %s", pythonRepr(c.args[name]))
}

func (c *Call) values(value any) (map[string]any, error) {
	values, ok := value.(map[string]any)
	if !ok {
		return nil, typeError("values must be a dict, not %s", pythonRepr(value))
	}
	return values, nil
}

// pairs tells whether many2one values come as [id, name]: not with load=null.
func (c *Call) pairs() bool {
	load, given := c.args["load"]
	return !given || load == "_classic_read"
}
