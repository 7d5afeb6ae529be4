package plane

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// itemsToken stands in a path for the collection's name. Other segments are escaped and never contain braces.
const itemsToken = "{items}"

// itemStyles are the names of the work item collection: work-items is current (Community from 1.1 on), issues is
// the deprecated one, routed on every Community version up to 1.3.
var itemStyles = [...]string{"work-items", "issues"}

// shownPath is a path as an error says it where no request of its own tells the style.
func shownPath(path string) string { return strings.Replace(path, itemsToken, itemStyles[0], 1) }

// styleDoubt is how long a style is kept that was tried because of an answer that is not Plane's own. Old servers say
// "no such path" in a page of Django's, but a proxy that is being restarted says the same for a path that is there.
const styleDoubt = 10 * time.Minute

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
	template, first := cl.path, c.firstStyle()
	cl.path = strings.Replace(template, itemsToken, itemStyles[first], 1)
	r, err := send(cl)
	if !worthOtherStyle(cl, err) {
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
	if errors.Is(err, ErrForeign) {
		doubt := time.Now().Add(styleDoubt)
		c.styleUntil.Store(&doubt)
	}
	return r, otherErr
}

// worthOtherStyle reports whether the other name may fare better: the server says in its own words that it has no such
// path, or a page says so of a call that may be repeated. Of a create nobody knows what became of it behind the page.
func worthOtherStyle(cl call, err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusNotFound {
		return false
	}
	return e.Kind == KindUnrouted || e.Kind == KindForeign && cl.repeat
}

// firstStyle is the style to try first. A doubtful one is kept for a while only.
func (c *Client) firstStyle() int {
	if until := c.styleUntil.Load(); until != nil && time.Now().After(*until) {
		c.itemPath.Store(nil)
		c.styleUntil.Store(nil)
	}
	return max(indexOfStyle(c.ItemPathStyle()), 0)
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
// that only the routed view gives. A 5xx, a cut connection or a proxy's page proves nothing.
func (c *Client) rememberStyle(index int, err error) {
	if err == nil || isAnswerOfView(err) {
		c.itemPath.Store(&itemStyles[index])
	}
}
