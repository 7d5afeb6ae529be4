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

	"golang.org/x/sync/singleflight"
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

// projectCatalog holds what was read of one project. What several workers ask for at once is asked for once, so that
// ten that start together spend two requests and not twenty.
type projectCatalog struct {
	asking singleflight.Group

	mu         sync.Mutex // held for a look or a note, never while asking
	open       map[string]*question
	states     []State
	labels     []Label
	haveLabels bool
	members    []Member
	// strangers were in no list of members, and when it was read.
	strangers map[string]time.Time
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

func (c *Catalog) project(projectID string) *projectCatalog {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.projects[projectID]
	if !ok {
		p = &projectCatalog{since: time.Now(), open: map[string]*question{}, strangers: map[string]time.Time{}}
		c.projects[projectID] = p
	}
	return p
}

// States returns the project's states in the order of their sequence.
func (c *Catalog) States(ctx context.Context, projectID string) ([]State, error) {
	p := c.project(projectID)
	if states := p.knownStates(); len(states) > 0 {
		return states, nil
	}
	states, err := once(ctx, p, "states", func(ctx context.Context) ([]State, error) {
		if states := p.knownStates(); len(states) > 0 {
			return states, nil // read between the caller's look and now
		}
		states, err := readable(ctx, projectID, c.client.listStates)
		if err != nil {
			return nil, fmt.Errorf("reading states of project %s: %w", projectID, err)
		}
		slices.SortStableFunc(states, func(a, b State) int { return cmp.Compare(a.Sequence, b.Sequence) })
		p.locked(func() { p.states = states })
		return states, nil
	})
	return slices.Clone(states), err
}

func (p *projectCatalog) knownStates() []State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.states)
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
	p := c.project(projectID)
	if _, err := c.readLabels(ctx, projectID, p); err != nil {
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
	labels, err := c.readLabels(ctx, projectID, c.project(projectID))
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, label := range labels {
		if slices.Contains(ids, label.ID) {
			names[label.ID] = label.Name
		}
	}
	return names, nil
}

// MissingLabels returns those of the names that the project has no label of, sorted.
func (c *Catalog) MissingLabels(ctx context.Context, projectID string, names map[string]bool) ([]string, error) {
	labels, err := c.readLabels(ctx, projectID, c.project(projectID))
	if err != nil {
		return nil, err
	}
	missing := maps.Clone(names)
	for _, label := range labels {
		delete(missing, label.Name)
	}
	return slices.Sorted(maps.Keys(missing)), nil
}

func (c *Catalog) readLabels(ctx context.Context, projectID string, p *projectCatalog) ([]Label, error) {
	if labels, read := p.knownLabels(); read {
		return labels, nil
	}
	return once(ctx, p, "labels", func(ctx context.Context) ([]Label, error) {
		if labels, read := p.knownLabels(); read {
			return labels, nil
		}
		labels, err := readable(ctx, projectID, c.client.listLabels)
		if err != nil {
			return nil, fmt.Errorf("reading labels of project %s: %w", projectID, err)
		}
		p.locked(func() {
			// Lanes ask by themselves, and a list may be older than a label that was made
			// while it was on its way.
			for _, known := range p.labels {
				if !slices.ContainsFunc(labels, func(l Label) bool { return l.ID == known.ID }) {
					labels = append(labels, known)
				}
			}
			p.labels, p.haveLabels = labels, true
		})
		return slices.Clone(labels), nil
	})
}

func (p *projectCatalog) knownLabels() (labels []Label, read bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.labels), p.haveLabels
}

// labelID finds a label or makes it.
func (c *Catalog) labelID(ctx context.Context, projectID string, p *projectCatalog, name string) (string, error) {
	if id := p.knownLabel(name); id != "" {
		return id, nil
	}
	return once(ctx, p, "label "+name, func(ctx context.Context) (string, error) {
		if id := p.knownLabel(name); id != "" {
			return id, nil
		}
		made, err := c.client.CreateLabel(ctx, projectID, NewLabel{Name: name, Color: cmp.Or(c.color(projectID, name), LabelColor)})
		if id := ExistingID(err); errors.Is(err, ErrConflict) && id != "" {
			made, err = Label{ID: id, Name: name}, nil
		}
		if err != nil {
			return "", fmt.Errorf("creating label %q: %w", name, err)
		}
		p.locked(func() { p.labels = append(p.labels, made) })
		return made.ID, nil
	})
}

func (p *projectCatalog) knownLabel(name string) string {
	labels, _ := p.knownLabels()
	if i := slices.IndexFunc(labels, func(l Label) bool { return l.Name == name }); i >= 0 {
		return labels[i].ID
	}
	return ""
}
