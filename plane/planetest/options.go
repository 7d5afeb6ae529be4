package planetest

import (
	"log/slog"
	"net/http"
	"time"
)

// An Edition is one of the two kinds of Plane server.
type Edition int

const (
	// Community has API keys and webhooks v1 only. It is the default, and the
	// edition that was recorded.
	Community Edition = iota
	// Commercial adds OAuth apps and webhooks v2, as Plane's documentation
	// describes them (Plane Cloud and paid self-hosted editions).
	Commercial
)

// Options describe the server to simulate. The zero value is a Community
// server with the workspace, the project and the people of [DefaultSeed].
type Options struct {
	// Now is the server's clock; nil is time.Now, which is also right inside a
	// testing/synctest bubble.
	Now func() time.Time
	// Limit is the number of requests that one key may make within 60 seconds;
	// 0 is 60, as Plane ships. A self-hosted server sets API_KEY_RATE_LIMIT.
	Limit int
	// ServiceLimit is the same for keys marked as service tokens; 0 is 300.
	ServiceLimit int
	// Edition is Community unless set.
	Edition Edition
	// OldPaths leaves work-items/ unrouted, as servers before 1.1 do; only the
	// deprecated issues/ is there then.
	OldPaths bool
	// Seed is what the server holds at first; empty parts take DefaultSeed's.
	Seed Seed

	// RetryBase is the longest first wait before a webhook is sent again; 0 is
	// 600 s, as Plane has it. Tests and demonstrations set a short one.
	RetryBase time.Duration
	// WebhookWorkers is how many webhooks are sent at a time; 0 is 1, which
	// keeps them in order. A real server has several workers and no order.
	WebhookWorkers int
	// WebhookTimeout ends the wait for an answer; 0 is 30 s, as Plane has it.
	WebhookTimeout time.Duration
	// WebhookTransport sends the webhooks; nil is a transport of the server's
	// own. A test without sockets gives one that calls its handler.
	WebhookTransport http.RoundTripper
	// RaceWindow is how long a create waits between its check and its insert
	// while MultiRace is on; 0 is 20 ms.
	RaceWindow time.Duration

	// V2NoneStrings writes null as the text "None" in webhooks v2, and
	// V2EnumNames writes event names such as
	// "WebhookScope.ScopeChoices.WORK_ITEM_UPDATED": both stand in the samples
	// of Plane's documentation.
	V2NoneStrings, V2EnumNames bool

	// OAuth is the registered app (Commercial only); empty parts get values
	// that Server.OAuthApp tells.
	OAuth OAuthApp

	// Logger hears of each request and webhook at debug level; nil is silent.
	Logger *slog.Logger
}

// Seed is the content of a new server. Ids left empty are made up.
type Seed struct {
	WorkspaceSlug string
	WorkspaceID   string
	Projects      []SeedProject
	People        []Person
	Keys          []Key
}

// A SeedProject is one project. Without states it gets Plane's five.
type SeedProject struct {
	ID         string
	Name       string
	Identifier string
	States     []SeedState
	// Members are the people of the project, by id or display name; nil is
	// everybody in the workspace.
	Members []string
}

// A SeedState is one column of a project's board. Group is backlog, unstarted,
// started, completed or cancelled.
type SeedState struct {
	ID      string
	Name    string
	Group   string
	Default bool
}

// A Person is a user of the workspace.
type Person struct {
	ID          string
	FirstName   string
	LastName    string
	Email       string
	DisplayName string
	// Role is 20 for an admin (also when 0), 15 for a member, 5 for a guest,
	// who may read only. Projects of the seed take it over.
	Role int
	// Bot leaves the user out of a project's total_members, as Plane does.
	Bot bool
}

// A Key is an API key. User is the id or the display name of its owner.
type Key struct {
	Key     string
	User    string
	Service bool
}

// DefaultSeed is the workspace insightpulseai with the project
// bir-compliance-automation (BIR), maria, and the bridge's user with its key.
func DefaultSeed() Seed {
	return Seed{
		WorkspaceSlug: "insightpulseai",
		Projects:      []SeedProject{{Name: "bir-compliance-automation", Identifier: "BIR"}},
		People: []Person{
			{FirstName: "Maria", Email: "maria@example.com", DisplayName: "maria"},
			{FirstName: "Bridge", LastName: "Bot", Email: "bridge@example.com", DisplayName: "bridge"},
		},
		Keys: []Key{{Key: "plane_api_simulated", User: "bridge"}},
	}
}

func defaultStates() []SeedState {
	return []SeedState{
		{Name: "Backlog", Group: "backlog", Default: true},
		{Name: "Todo", Group: "unstarted"},
		{Name: "In Progress", Group: "started"},
		{Name: "Done", Group: "completed"},
		{Name: "Cancelled", Group: "cancelled"},
	}
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Limit = orDefault(o.Limit, 60)
	o.ServiceLimit = orDefault(o.ServiceLimit, 300)
	o.RetryBase = orDefault(o.RetryBase, 600*time.Second)
	o.WebhookWorkers = orDefault(o.WebhookWorkers, 1)
	o.WebhookTimeout = orDefault(o.WebhookTimeout, 30*time.Second)
	o.RaceWindow = orDefault(o.RaceWindow, 20*time.Millisecond)
	o.Seed = o.Seed.withDefaults()
	o.OAuth = o.OAuth.withDefaults()
	return o
}

func (s Seed) withDefaults() Seed {
	standard := DefaultSeed()
	s.WorkspaceSlug = orDefault(s.WorkspaceSlug, standard.WorkspaceSlug)
	s.WorkspaceID = orNewID(s.WorkspaceID)
	if s.Projects == nil {
		s.Projects = standard.Projects
	}
	if s.People == nil {
		s.People = standard.People
	}
	if s.Keys == nil {
		s.Keys = []Key{{Key: "plane_api_simulated", User: s.People[len(s.People)-1].DisplayName}}
	}
	return s
}

func orDefault[T comparable](value, standard T) T {
	var zero T
	if value == zero {
		return standard
	}
	return value
}
