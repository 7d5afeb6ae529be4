package plane

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
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

func (v View) query() url.Values {
	q := url.Values{}
	if len(v.Fields) > 0 {
		q.Set("fields", strings.Join(v.Fields, ","))
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

// WorkItems walks a project's work items page by page. Archived and deleted ones are not listed.
func (c *Client) WorkItems(ctx context.Context, projectID string, opts ListOptions) iter.Seq2[WorkItem, error] {
	if err := needIDs(projectID); err != nil {
		return func(yield func(WorkItem, error) bool) { yield(WorkItem{}, err) }
	}
	return list[WorkItem](ctx, c, get(c.items(projectID), opts.query()))
}

// WorkItem returns one work item. An archived one answers ErrNotFound here, as a deleted one does, but is still
// found by WorkItemByExternalID: that pair of reads tells the two apart.
func (c *Client) WorkItem(ctx context.Context, projectID, itemID string, view View) (WorkItem, error) {
	if err := needIDs(projectID, itemID); err != nil {
		return WorkItem{}, err
	}
	return fetch[WorkItem](ctx, c, get(c.items(projectID, itemID), view.query()))
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
	raw, err := fetch[json.RawMessage](ctx, c, cl)
	if err != nil {
		return WorkItem{}, err
	}
	return pickByPair(cl, raw, source, externalID)
}

// pickByPair reads the lookup's answer. Community sends the object itself; a server that answers with a page is
// read too, and a record with another pair never passes for the one that was asked for. Only a view that leaves the
// pair out has to be believed.
func pickByPair(cl call, raw json.RawMessage, source, externalID string) (WorkItem, error) {
	var candidates page[WorkItem]
	var err error
	if isPage(raw) {
		err = json.Unmarshal(raw, &candidates)
	} else {
		candidates.Results = make([]WorkItem, 1)
		err = json.Unmarshal(raw, &candidates.Results[0])
	}
	if err != nil {
		return WorkItem{}, &Error{Status: http.StatusOK, Kind: KindUnexpected, Method: cl.method, Path: cl.path, cause: decodeError(err)}
	}
	for _, item := range candidates.Results {
		leftOut := item.ExternalSource == "" && item.ExternalID == "" && cl.query.Has("fields") && !isPage(raw)
		if leftOut || item.ExternalSource == source && item.ExternalID == externalID {
			return item, nil
		}
	}
	return WorkItem{}, &Error{Status: http.StatusOK, Kind: KindNotFound, Method: cl.method, Path: cl.path, Message: "no work item carries this external id"}
}

func isPage(raw json.RawMessage) bool {
	var probe struct {
		Results json.RawMessage `json:"results"`
	}
	trimmed := bytes.TrimSpace(raw)
	return bytes.HasPrefix(trimmed, []byte("[")) || json.Unmarshal(raw, &probe) == nil && probe.Results != nil
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
	return createOnce(ctx, c, post(c.items(projectID), item), find)
}

// UpdateWorkItem sends the fields of p that are set and returns the whole work item.
func (c *Client) UpdateWorkItem(ctx context.Context, projectID, itemID string, p WorkItemPatch) (WorkItem, error) {
	if err := needIDs(projectID, itemID); err != nil {
		return WorkItem{}, err
	}
	return fetch[WorkItem](ctx, c, patch(c.items(projectID, itemID), p))
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
	type answer struct {
		Issues []SearchHit `json:"issues"`
	}
	found, err := fetch[answer](ctx, c, get(c.inWorkspace(itemsToken, "search"), url.Values{"search": {words}}))
	return found.Issues, err
}
