package plane

import "strings"

// itemsToken stands in a path for the collection's name. Other segments are escaped and never contain braces.
const itemsToken = "{items}"

// itemStyles are the names of the work item collection: work-items is current (Community from 1.1 on), issues is
// the deprecated one, routed on every Community version up to 1.3.
var itemStyles = [...]string{"work-items", "issues"}

// ItemPathStyle returns the name under which the server last answered for work items, "" before the first answer.
func (c *Client) ItemPathStyle() string {
	if style := c.itemPath.Load(); style != nil {
		return *style
	}
	return ""
}

// withItemStyle binds a call to the style that answered last, tries the other one when the server does not route
// it, and remembers which one the server has. A record that is not there is an answer like any other.
func (c *Client) withItemStyle(cl call, send func(call) (*response, error)) (*response, error) {
	if !strings.Contains(cl.path, itemsToken) {
		return send(cl)
	}
	template, first := cl.path, max(indexOfStyle(c.ItemPathStyle()), 0)
	cl.path = strings.Replace(template, itemsToken, itemStyles[first], 1)
	r, err := send(cl)
	if !IsUnrouted(err) {
		c.rememberStyle(first, err)
		return r, err
	}
	other := 1 - first
	cl.path = strings.Replace(template, itemsToken, itemStyles[other], 1)
	r, otherErr := send(cl)
	if IsUnrouted(otherErr) {
		return nil, err
	}
	c.rememberStyle(other, otherErr)
	return r, otherErr
}

func indexOfStyle(style string) int {
	for i, known := range itemStyles {
		if known == style {
			return i
		}
	}
	return -1
}

// rememberStyle keeps a style only when the answer proves that it is routed: any success does, and so do answers
// that only the routed view gives. A 5xx or a cut connection proves nothing.
func (c *Client) rememberStyle(index int, err error) {
	if err == nil || isAnswerOfView(err) {
		c.itemPath.Store(&itemStyles[index])
	}
}
