package odootest

import (
	"slices"
	"strings"
)

// call is one method call on a model, whatever protocol brought it.
type call struct {
	*transaction
	table *table
	name  string
	ids   []int64
	args  map[string]any
	// protocol is jsonrpc, xmlrpc or json2: a few answers differ.
	protocol string
}

// method describes a public method: whether it belongs to the model or to records, its parameters
// (a name ending in "!" has no default) and what it does.
type method struct {
	onModel bool
	params  []string
	// anyKeyword lets unknown keywords through; looseError is the TypeError of a method that takes
	// them and fails inside, which JSON-2 answers with 500 instead of 422.
	anyKeyword bool
	looseError string
	// needs is the right that the method asks for: read, write, create or unlink.
	needs string
	// since is the first version of Odoo that has the method; 0 is every one.
	since int
	// existing makes the method raise MissingError when one of its records is gone.
	existing bool
	run      func(*call) (any, error)
}

// private lists public-looking methods that Odoo 19 does not let anyone call from outside.
var private = []string{"exists", "browse", "sudo", "with_context", "with_user", "filtered", "mapped", "ensure_one", "flush_model"}

func (t *table) method(name string, version int) (*method, error) {
	m, err := t.anyMethod(name)
	if err == nil && m.since > version {
		return nil, attributeError("The method '%s.%s' does not exist", t.name, name)
	}
	return m, err
}

func (t *table) anyMethod(name string) (*method, error) {
	if strings.HasPrefix(name, "_") || slices.Contains(private, name) {
		return nil, privateMethod(t.name, name)
	}
	if m, ok := t.methods[name]; ok {
		return m, nil
	}
	if m, ok := threadMethods[name]; ok && t.thread {
		return m, nil
	}
	if m, ok := recordMethods[name]; ok {
		return m, nil
	}
	return nil, attributeError("The method '%s.%s' does not exist", t.name, name)
}

// bind gives positional and named arguments their names.
func (m *method) bind(c *call, positional []any, named map[string]any) error {
	c.args = map[string]any{}
	if len(positional) > len(m.params) && !m.anyKeyword {
		return typeError("BaseModel.%s() takes %d positional arguments but %d were given",
			c.name, len(m.params)+1, len(positional)+1)
	}
	for i, value := range positional {
		if i < len(m.params) {
			c.args[strings.TrimSuffix(m.params[i], "!")] = value
		}
	}
	for name, value := range named {
		if !m.knows(name) {
			return m.unknownKeyword(c, name)
		}
		c.args[name] = value
	}
	for _, param := range m.params {
		name, required := strings.CutSuffix(param, "!")
		if _, given := c.args[name]; required && !given {
			return m.missingArgument(c, name)
		}
	}
	return nil
}

func (m *method) knows(name string) bool {
	return m.anyKeyword || slices.Contains(m.params, name) || slices.Contains(m.params, name+"!")
}

func (m *method) unknownKeyword(c *call, name string) error {
	switch {
	case m.looseError != "":
		return typeError("%s got an unexpected keyword argument '%s'", m.looseError, name)
	case c.protocol == protocolJSON2:
		return httpError(422, "got an unexpected keyword argument '%s'", name)
	}
	return typeError("BaseModel.%s() got an unexpected keyword argument '%s'", c.name, name)
}

func (m *method) missingArgument(c *call, name string) error {
	if c.protocol == protocolJSON2 {
		return httpError(422, "missing a required argument: '%s'", name)
	}
	return typeError("BaseModel.%s() missing 1 required positional argument: '%s'", c.name, name)
}

func (c *call) domain(name string) ([]any, error) {
	switch v := c.args[name].(type) {
	case nil, bool:
		return []any{}, nil
	case []any:
		return v, nil
	}
	return nil, valueError("Domain() invalid domain: %s", pythonRepr(c.args[name]))
}

func (c *call) text(name string) string {
	text, ok := c.args[name].(string)
	if !ok {
		return ""
	}
	return text
}

func (c *call) number(name string) int64 {
	n, ok := c.args[name].(int64)
	if !ok {
		return 0
	}
	return n
}

func (c *call) names(name string) ([]string, error) {
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

func (c *call) values(value any) (map[string]any, error) {
	values, ok := value.(map[string]any)
	if !ok {
		return nil, typeError("values must be a dict, not %s", pythonRepr(value))
	}
	return values, nil
}

// pairs tells whether many2one values come as [id, name]: not with load=null.
func (c *call) pairs() bool {
	load, given := c.args["load"]
	return !given || load == "_classic_read"
}
