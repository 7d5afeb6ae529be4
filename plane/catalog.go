package plane

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// Catalog remembers a project's states and labels, which the API wants as ids where people think in groups and
// names. Projects rename, add and delete both: a caller that is answered ErrInvalid calls Forget and tries once more.
// It is safe for concurrent use; a project is read once, whoever asks first.
type Catalog struct {
	client *Client
	color  func(projectID, name string) string

	mu       sync.Mutex
	projects map[string]*projectCatalog
}

// projectCatalog holds what was read of one project. It is owned while reading, so that ten workers that start
// together spend two requests and not twenty; the owner may wait for the rate budget, hence not a plain lock.
type projectCatalog struct {
	owner      chan struct{} // holds one value while somebody owns the catalog
	states     []State
	labels     []Label
	haveLabels bool
	members    []Member
	// since is when the oldest of it was read.
	since time.Time
}

// ErrNoState says that a project has no such state. It says nothing about any work item.
var ErrNoState = errors.New("plane: no such state")

// LabelColor is the color that created labels get when nobody chose another.
const LabelColor = "#0ea5e9"

// CatalogOption is a setting of a Catalog.
type CatalogOption func(*Catalog)

// WithLabelColors lets choose pick the color ("#0ea5e9") of each label that is created; where it returns none, the
// label gets LabelColor. Labels that exist keep theirs.
func WithLabelColors(choose func(projectID, name string) string) CatalogOption {
	return func(c *Catalog) { c.color = choose }
}

// NewCatalog returns an empty catalog over client.
func NewCatalog(client *Client, options ...CatalogOption) *Catalog {
	c := &Catalog{client: client, projects: map[string]*projectCatalog{}, color: func(string, string) string { return "" }}
	for _, option := range options {
		option(c)
	}
	return c
}

// Forget drops what is known of a project, so that the next question reads it anew.
func (c *Catalog) Forget(projectID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.projects, projectID)
}

// ForgetOlder drops what is known of a project when the oldest of it was read longer ago than age.
func (c *Catalog) ForgetOlder(projectID string, age time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.projects[projectID]; ok && time.Since(p.since) > age {
		delete(c.projects, projectID)
	}
}

// readable reads a list of a project without the records that cannot be read. Each is looked up by itself, so an odd one
// must not hide the others; it passes for one that is not there, and a label of its name is adopted from the 409.
func readable[T any](ctx context.Context, projectID string, read func(context.Context, string) iter.Seq2[T, error]) ([]T, error) {
	if err := needIDs(projectID); err != nil {
		return nil, err
	}
	var all []T
	for record, err := range read(ctx, projectID) {
		var odd *ItemError
		if errors.As(err, &odd) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, record)
	}
	return all, nil
}

// own returns the project's catalog once nobody else owns it; the caller releases it.
func (c *Catalog) own(ctx context.Context, projectID string) (*projectCatalog, error) {
	p := c.project(projectID)
	select {
	case p.owner <- struct{}{}:
		return p, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the catalog of project %s: %w", projectID, ctx.Err())
	}
}

func (p *projectCatalog) release() { <-p.owner }

func (c *Catalog) project(projectID string) *projectCatalog {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.projects[projectID]
	if !ok {
		p = &projectCatalog{owner: make(chan struct{}, 1), since: time.Now()}
		c.projects[projectID] = p
	}
	return p
}

// States returns the project's states in the order of their sequence.
func (c *Catalog) States(ctx context.Context, projectID string) ([]State, error) {
	p, err := c.own(ctx, projectID)
	if err != nil {
		return nil, err
	}
	defer p.release()
	if len(p.states) == 0 {
		states, err := readable(ctx, projectID, c.client.listStates)
		if err != nil {
			return nil, fmt.Errorf("reading states of project %s: %w", projectID, err)
		}
		slices.SortStableFunc(states, func(a, b State) int { return cmp.Compare(a.Sequence, b.Sequence) })
		p.states = states
	}
	return slices.Clone(p.states), nil
}

// StateFor returns the state that stands for a group: the project's default state if it is in the group, else the
// first by sequence. A project without a state in the group gives ErrNoState, and so does an archived one, which lists
// no states at all.
func (c *Catalog) StateFor(ctx context.Context, projectID string, group StateGroup) (State, error) {
	states, err := c.States(ctx, projectID)
	if err != nil {
		return State{}, err
	}
	inGroup := slices.DeleteFunc(states, func(s State) bool { return s.Group != group })
	if len(inGroup) == 0 {
		return State{}, fmt.Errorf("project %s has no state in group %s; add one in the project's settings, or restore the project if it is archived: %w", projectID, group, ErrNoState)
	}
	if i := slices.IndexFunc(inGroup, func(s State) bool { return s.Default }); i >= 0 {
		return inGroup[i], nil
	}
	return inGroup[0], nil
}

// State returns a state by id. An unknown one gives ErrNoState: it may be newer than what is remembered, or that of an
// Intake item, which is in no list.
func (c *Catalog) State(ctx context.Context, projectID, stateID string) (State, error) {
	states, err := c.States(ctx, projectID)
	if err != nil {
		return State{}, err
	}
	i := slices.IndexFunc(states, func(s State) bool { return s.ID == stateID })
	if i < 0 {
		return State{}, fmt.Errorf("project %s has no state %s: %w", projectID, stateID, ErrNoState)
	}
	return states[i], nil
}

// GroupOf returns the group of a state.
func (c *Catalog) GroupOf(ctx context.Context, projectID, stateID string) (StateGroup, error) {
	state, err := c.State(ctx, projectID, stateID)
	return state.Group, err
}

// LabelIDs returns the ids of labels by name, in the order of names, and creates those that are missing. A label
// that somebody else created meanwhile is adopted from the 409.
func (c *Catalog) LabelIDs(ctx context.Context, projectID string, names ...string) ([]string, error) {
	p, err := c.own(ctx, projectID)
	if err != nil {
		return nil, err
	}
	defer p.release()
	if err := c.readLabels(ctx, projectID, p); err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(names))
	for _, name := range names {
		id, err := c.labelID(ctx, projectID, p, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// LabelNames returns the names of labels by id; ids that the project does not know (any more) are left out.
func (c *Catalog) LabelNames(ctx context.Context, projectID string, ids ...string) (map[string]string, error) {
	p, err := c.own(ctx, projectID)
	if err != nil {
		return nil, err
	}
	defer p.release()
	if err := c.readLabels(ctx, projectID, p); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, label := range p.labels {
		if slices.Contains(ids, label.ID) {
			names[label.ID] = label.Name
		}
	}
	return names, nil
}

// MissingLabels returns those of the names that the project has no label of, sorted.
func (c *Catalog) MissingLabels(ctx context.Context, projectID string, names map[string]bool) ([]string, error) {
	p, err := c.own(ctx, projectID)
	if err != nil {
		return nil, err
	}
	defer p.release()
	if err := c.readLabels(ctx, projectID, p); err != nil {
		return nil, err
	}
	missing := maps.Clone(names)
	for _, label := range p.labels {
		delete(missing, label.Name)
	}
	return slices.Sorted(maps.Keys(missing)), nil
}

func (c *Catalog) readLabels(ctx context.Context, projectID string, p *projectCatalog) error {
	if p.haveLabels {
		return nil
	}
	labels, err := readable(ctx, projectID, c.client.listLabels)
	if err != nil {
		return fmt.Errorf("reading labels of project %s: %w", projectID, err)
	}
	p.labels, p.haveLabels = labels, true
	return nil
}

// labelID finds a label or makes it.
func (c *Catalog) labelID(ctx context.Context, projectID string, p *projectCatalog, name string) (string, error) {
	if i := slices.IndexFunc(p.labels, func(l Label) bool { return l.Name == name }); i >= 0 {
		return p.labels[i].ID, nil
	}
	made, err := c.client.CreateLabel(ctx, projectID, NewLabel{Name: name, Color: cmp.Or(c.color(projectID, name), LabelColor)})
	if id := ExistingID(err); errors.Is(err, ErrConflict) && id != "" {
		made, err = Label{ID: id, Name: name}, nil
	}
	if err != nil {
		return "", fmt.Errorf("creating label %q: %w", name, err)
	}
	p.labels = append(p.labels, made)
	return made.ID, nil
}
