package plane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// View narrows or widens what a work item request returns.
type View struct {
	// Fields names the only fields to return; empty means all.
	Fields []string
	// Expand names the references to return as objects: state, labels, assignees, project.
	Expand []string
}

// query always asks for the id: without it nobody knows which record an answer is about.
func (v View) query() url.Values {
	q := url.Values{}
	if fields := v.Fields; len(fields) > 0 {
		if !slices.Contains(fields, "id") {
			fields = append([]string{"id"}, fields...)
		}
		q.Set("fields", strings.Join(fields, ","))
	}
	if len(v.Expand) > 0 {
		q.Set("expand", strings.Join(v.Expand, ","))
	}
	return q
}

// ListOptions says which work items to list, and how.
type ListOptions struct {
	View
	// OrderBy is a field, with a leading minus for descending: -updated_at. Rows move between pages while people
	// work, so a caller that pages by -updated_at drops repeats.
	OrderBy string
	// PerPage defaults to DefaultPerPage; servers refuse more than 1000.
	PerPage int
	// Filter is sent as it is. Community has no filter by updated_at and ignores what it does not know.
	Filter url.Values
	// Partial takes work items without their description where a page is over the client's size limit; they carry
	// LeftOut. Otherwise each of them costs a request of its own, and one that is too large by itself is an *ItemError.
	Partial bool
}

func (o ListOptions) query() url.Values {
	q := o.View.query()
	maps.Copy(q, o.Filter)
	if o.OrderBy != "" {
		q.Set("order_by", o.OrderBy)
	}
	perPage := o.PerPage
	if perPage <= 0 {
		perPage = DefaultPerPage
	}
	q.Set("per_page", strconv.Itoa(perPage))
	return q
}

// items returns a path below the project's work items.
func (c *Client) items(projectID string, segments ...string) string {
	return c.inProject(projectID, append([]string{itemsToken}, segments...)...)
}

// WorkItems walks a project's work items page by page. Archived and deleted ones are not listed, and an archived
// project lists none. A work item that cannot be read comes as *ItemError, and the list goes on behind it; every other
// error ends the list. A page that is over the client's size limit is asked for again without descriptions, and where
// that does not help the list goes on in smaller pages.
func (c *Client) WorkItems(ctx context.Context, projectID string, opts ListOptions) iter.Seq2[WorkItem, error] {
	if err := needIDs(projectID); err != nil {
		return func(yield func(WorkItem, error) bool) { yield(WorkItem{}, err) }
	}
	w := walk[WorkItem]{client: c, call: get(c.items(projectID), opts.query()), lighter: opts.lighter()}
	w.complete = func(ctx context.Context, item WorkItem) (WorkItem, error) {
		if opts.Partial {
			item.LeftOut = []string{longField}
			return item, nil
		}
		return c.WorkItem(ctx, projectID, item.ID, opts.View)
	}
	return w.all(ctx)
}

// longField is the one field of a work item that grows without bound: people paste pictures into it.
const longField = "description_html"

// lighter is the query without the long field; nil when it was not asked for.
func (o ListOptions) lighter() url.Values {
	fields := o.Fields
	if len(fields) == 0 {
		fields = workItemFields
	}
	light := slices.DeleteFunc(slices.Clone(fields), func(name string) bool { return name == longField })
	if len(light) == len(fields) {
		return nil
	}
	o.Fields = light
	return o.query()
}

// workItemFields are the names of what WorkItem reads.
var workItemFields = jsonNames(reflect.TypeFor[WorkItem]())

func jsonNames(t reflect.Type) []string {
	var names []string
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// WorkItem returns one work item. An archived one answers ErrNotFound here, as a deleted one does, but is still
// found by WorkItemByExternalID: that pair of reads tells the two apart.
func (c *Client) WorkItem(ctx context.Context, projectID, itemID string, view View) (WorkItem, error) {
	if err := needIDs(projectID, itemID); err != nil {
		return WorkItem{}, err
	}
	return fetch[WorkItem](ctx, c, get(c.items(projectID, itemID), view.query()).of(itemID))
}

// WorkItemByExternalID returns the work item that carries the pair, or ErrNotFound.
func (c *Client) WorkItemByExternalID(ctx context.Context, projectID, source, externalID string, view View) (WorkItem, error) {
	if err := needIDs(projectID, source, externalID); err != nil {
		return WorkItem{}, err // with one of the two missing the server would answer with the whole list
	}
	query := view.query()
	query.Set("external_source", source)
	query.Set("external_id", externalID)
	cl := get(c.items(projectID), query)
	found, err := fetch[pairLookup](ctx, c, cl)
	if err != nil {
		return WorkItem{}, err
	}
	if !found.is {
		return WorkItem{}, &Error{Status: http.StatusOK, Kind: KindNotFound, Method: cl.method, Path: shownPath(cl.path), Message: "no work item carries this external id"}
	}
	return found.item, nil
}

// pairLookup is the answer of the look-up by external pair. Community sends the work item itself; a server that
// answers with a page is read too, and a record with another pair never passes for the one that was asked for.
type pairLookup struct {
	item WorkItem
	is   bool
}

func (l *pairLookup) readBody(cl call, body []byte) error {
	var paged struct {
		Results json.RawMessage `json:"results"`
	}
	if err := readObject(body, &paged); err != nil {
		return err
	}
	if paged.Results != nil {
		return l.readPage(cl, body)
	}
	if _, err := readRecord("", body, &l.item); err != nil {
		return err
	}
	// Only a view that leaves the pair out has to be believed.
	leftOut := l.item.ExternalSource == "" && l.item.ExternalID == "" && cl.query.Has("fields")
	if l.is = leftOut || carriesPair(cl, l.item); !l.is {
		return errors.New("a work item without the pair that was asked for")
	}
	return nil
}

// readPage looks for the pair on a page. A page without it proves its absence only when it is the whole list.
func (l *pairLookup) readPage(cl call, body []byte) error {
	var candidates page[WorkItem]
	if err := candidates.readBody(cl, body); err != nil {
		return err
	}
	for _, item := range candidates.Results {
		if carriesPair(cl, item) {
			l.item, l.is = item, true
			return nil
		}
	}
	if candidates.HasNext || len(candidates.odd) > 0 {
		return errors.New("a list of other work items in place of the one that was asked for")
	}
	return nil
}

func carriesPair(cl call, item WorkItem) bool {
	return item.ExternalSource == cl.query.Get("external_source") && item.ExternalID == cl.query.Get("external_id")
}

// CreateWorkItem creates a work item. A pair of ExternalSource and ExternalID that exists gives ErrConflict with the
// existing id; adopt it. The server checks before it inserts and has no unique index, so creates of one pair must
// not run at the same time. An outcome that stays unknown is ErrUncertain, unless the pair is found: the create may still
// take effect, so it must not be repeated before SettledAfter, and not without a look.
func (c *Client) CreateWorkItem(ctx context.Context, projectID string, item NewWorkItem) (WorkItem, error) {
	if err := needIDs(projectID); err != nil {
		return WorkItem{}, err
	}
	var find func() (WorkItem, error)
	if item.ExternalSource != "" && item.ExternalID != "" {
		find = func() (WorkItem, error) {
			found, err := c.WorkItemByExternalID(ctx, projectID, item.ExternalSource, item.ExternalID, View{})
			found.Found = err == nil
			return found, err
		}
	}
	return createOnce(ctx, c, post(c.items(projectID), item).carrying(item.ExternalSource, item.ExternalID), find)
}

// UpdateWorkItem sends the fields of p that are set and returns the whole work item.
func (c *Client) UpdateWorkItem(ctx context.Context, projectID, itemID string, p WorkItemPatch) (WorkItem, error) {
	if err := needIDs(projectID, itemID); err != nil {
		return WorkItem{}, err
	}
	return fetch[WorkItem](ctx, c, patch(c.items(projectID, itemID), p).of(itemID))
}

// DeleteWorkItem deletes a work item. ErrNotFound means that it was gone before the first try.
func (c *Client) DeleteWorkItem(ctx context.Context, projectID, itemID string) error {
	if err := needIDs(projectID, itemID); err != nil {
		return err
	}
	return c.remove(ctx, del(c.items(projectID, itemID)))
}

// remove deletes. A 404 that follows a try with an unknown outcome means that this try did it.
func (c *Client) remove(ctx context.Context, cl call) error {
	cl.repeat = false
	_, err := c.do(ctx, cl)
	if !errors.Is(err, ErrUncertain) || ctx.Err() != nil {
		return err
	}
	if ended := sleep(ctx, serverRetryWait); ended != nil {
		return errors.Join(err, ended)
	}
	if _, err = c.do(ctx, cl); errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// SearchWorkItems finds work items of the whole workspace by words in their name or their number.
func (c *Client) SearchWorkItems(ctx context.Context, words string) ([]SearchHit, error) {
	if strings.TrimSpace(words) == "" {
		return nil, fmt.Errorf("searching work items: %w", &Error{Kind: KindInvalid, Message: "no words to search for"})
	}
	found, err := fetch[searchResult](ctx, c, get(c.inWorkspace(itemsToken, "search"), url.Values{"search": {words}}))
	return found.issues, err
}
