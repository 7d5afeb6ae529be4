package plane

import (
	"encoding/json"
	"regexp"
)

// StateGroup is the fixed kind that a state belongs to; projects rename, add and reorder states but not groups.
type StateGroup string

// The groups that every project has, and Intake's: a work item that is not accepted yet is in GroupTriage, whose
// state no list of states names and no request may set.
const (
	GroupBacklog   StateGroup = "backlog"
	GroupUnstarted StateGroup = "unstarted"
	GroupStarted   StateGroup = "started"
	GroupCompleted StateGroup = "completed"
	GroupCancelled StateGroup = "cancelled"
	GroupTriage    StateGroup = "triage"
)

// Priority of a work item; the server refuses any other word.
type Priority string

// The priorities that Plane knows.
const (
	PriorityUrgent Priority = "urgent"
	PriorityHigh   Priority = "high"
	PriorityMedium Priority = "medium"
	PriorityLow    Priority = "low"
	PriorityNone   Priority = "none"
)

// MaxNameLength is the longest work item name that the server takes, in characters.
const MaxNameLength = 255

// Role is what a member may do in a project or workspace.
type Role int

// The roles that Plane knows; only RoleMember and RoleAdmin may change work items.
const (
	RoleGuest  Role = 5
	RoleMember Role = 15
	RoleAdmin  Role = 20
)

// User is a person or bot as users/me and expanded assignees show it.
type User struct {
	ID          string `json:"id"`
	FirstName   string `json:"first_name"`
	LastName    string `json:"last_name"`
	Email       string `json:"email"`
	DisplayName string `json:"display_name"`
	// IsBot is sent by some editions only; see DedicatedBot.
	IsBot bool `json:"is_bot"`
}

// DedicatedBot reports whether the user is surely no person: the server says so, or one of its names has the word bot in
// it, as those of service accounts and apps have. An API key may as well be a person's own.
func (u User) DedicatedBot() bool {
	return u.IsBot || botWord.MatchString(u.DisplayName) || botWord.MatchString(u.FirstName) || botWord.MatchString(u.LastName)
}

var botWord = regexp.MustCompile(`(?i)(^|[^\pL])bot([^\pL]|$)`)

// Member is a user of a project or workspace. Role is sent for workspaces only and is 0 otherwise.
type Member struct {
	User
	Role Role `json:"role"`
}

// Workspace is filled only where a response expands it.
type Workspace struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

// Project is one project of the workspace. MemberRole and IsMember speak of the caller: a project whose IsMember is
// false can be read, but nothing that is in it. One with ArchivedAt lists no work items, states and labels.
type Project struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Identifier     string         `json:"identifier"`
	Description    string         `json:"description"`
	Workspace      Ref[Workspace] `json:"workspace"`
	DefaultState   Ref[State]     `json:"default_state"`
	IsMember       bool           `json:"is_member"`
	MemberRole     Role           `json:"member_role"`
	ExternalSource string         `json:"external_source"`
	ExternalID     string         `json:"external_id"`
	ArchivedAt     Time           `json:"archived_at"`
	CreatedAt      Time           `json:"created_at"`
	UpdatedAt      Time           `json:"updated_at"`
}

// State is one column of a project's workflow.
type State struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Color    string       `json:"color"`
	Group    StateGroup   `json:"group"`
	Sequence float64      `json:"sequence"`
	Default  bool         `json:"default"`
	Project  Ref[Project] `json:"project"`
}

// NewState is what CreateState sends. Color is needed by the server, as #rrggbb.
type NewState struct {
	Name        string     `json:"name"`
	Color       string     `json:"color"`
	Group       StateGroup `json:"group"`
	Description string     `json:"description,omitempty"`
}

// Label is one label of a project. Names are unique within the project.
type Label struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	Color          string `json:"color"`
	ExternalSource string `json:"external_source"`
	ExternalID     string `json:"external_id"`
}

// NewLabel is what CreateLabel sends.
type NewLabel struct {
	Name           string `json:"name"`
	Color          string `json:"color,omitempty"`
	Description    string `json:"description,omitempty"`
	ExternalSource string `json:"external_source,omitempty"`
	ExternalID     string `json:"external_id,omitempty"`
}

// WorkItem is one work item (an "issue" in older versions and in webhooks). Fields that the request left out
// (View.Fields) are zero. UpdatedAt moves even when a PATCH changes nothing, and once more a little later when a
// background task of the server ends, so it says nothing about who wrote.
type WorkItem struct {
	ID              string         `json:"id"`
	Name            string         `json:"name"`
	DescriptionHTML string         `json:"description_html"` // as the server sanitised it, not as it was sent
	Priority        Priority       `json:"priority"`
	State           Ref[State]     `json:"state"`
	Assignees       Refs[User]     `json:"assignees"`
	Labels          Refs[Label]    `json:"labels"`
	Project         Ref[Project]   `json:"project"`
	Workspace       Ref[Workspace] `json:"workspace"`
	Parent          Ref[WorkItem]  `json:"parent"`
	StartDate       Date           `json:"start_date"`
	TargetDate      Date           `json:"target_date"`
	SequenceID      int            `json:"sequence_id"` // the number in BIR-13
	IsDraft         bool           `json:"is_draft"`
	ExternalSource  string         `json:"external_source"`
	ExternalID      string         `json:"external_id"`
	CreatedBy       string         `json:"created_by"`
	UpdatedBy       string         `json:"updated_by"`
	CreatedAt       Time           `json:"created_at"`
	UpdatedAt       Time           `json:"updated_at"`
	CompletedAt     Time           `json:"completed_at"`
	ArchivedAt      Time           `json:"archived_at"`
	DeletedAt       Time           `json:"deleted_at"`
	// LeftOut names fields that were asked for and not sent, because the answer would have been too large
	// (ListOptions.Partial). They are zero and say nothing about the record.
	LeftOut []string `json:"-"`
	// Found says that a create whose answer was lost came upon this work item when it looked for what became of it. It
	// may be the one that was made, or one that was there before with other content.
	Found bool `json:"-"`
}

// UnmarshalJSON reads who wrote as an id and as an object alike; the other fields read themselves.
func (i *WorkItem) UnmarshalJSON(b []byte) error {
	type plain WorkItem
	read := struct {
		*plain
		CreatedBy Ref[User] `json:"created_by"`
		UpdatedBy Ref[User] `json:"updated_by"`
	}{plain: (*plain)(i)}
	if err := json.Unmarshal(b, &read); err != nil {
		return err
	}
	i.CreatedBy, i.UpdatedBy = read.CreatedBy.ID, read.UpdatedBy.ID
	return nil
}

// NewWorkItem is what CreateWorkItem sends. State, labels and assignees are ids: names are refused with 400.
type NewWorkItem struct {
	Name            string   `json:"name"`
	DescriptionHTML string   `json:"description_html,omitempty"`
	StateID         string   `json:"state,omitempty"`
	Priority        Priority `json:"priority,omitempty"`
	StartDate       Date     `json:"start_date,omitempty"`
	TargetDate      Date     `json:"target_date,omitempty"`
	LabelIDs        []string `json:"labels,omitempty"`
	AssigneeIDs     []string `json:"assignees,omitempty"`
	ParentID        string   `json:"parent,omitempty"`
	ExternalSource  string   `json:"external_source,omitempty"`
	ExternalID      string   `json:"external_id,omitempty"`
}

// WorkItemPatch is what UpdateWorkItem sends: only fields made with Set or Null. LabelIDs and AssigneeIDs
// replace the whole list on the server, so a caller that wants to keep what people added merges first.
type WorkItemPatch struct {
	Name            Opt[string]   `json:"name,omitzero"`
	DescriptionHTML Opt[string]   `json:"description_html,omitzero"`
	StateID         Opt[string]   `json:"state,omitzero"`
	Priority        Opt[Priority] `json:"priority,omitzero"`
	StartDate       Opt[Date]     `json:"start_date,omitzero"`
	TargetDate      Opt[Date]     `json:"target_date,omitzero"`
	LabelIDs        Opt[[]string] `json:"labels,omitzero"`
	AssigneeIDs     Opt[[]string] `json:"assignees,omitzero"`
	ParentID        Opt[string]   `json:"parent,omitzero"`
	ExternalSource  Opt[string]   `json:"external_source,omitzero"`
	ExternalID      Opt[string]   `json:"external_id,omitzero"`
}

// IsEmpty reports whether the patch would send nothing.
func (p WorkItemPatch) IsEmpty() bool {
	return p.Name.IsZero() && p.DescriptionHTML.IsZero() && p.StateID.IsZero() && p.Priority.IsZero() &&
		p.StartDate.IsZero() && p.TargetDate.IsZero() && p.LabelIDs.IsZero() && p.AssigneeIDs.IsZero() &&
		p.ParentID.IsZero() && p.ExternalSource.IsZero() && p.ExternalID.IsZero()
}

// SearchHit is one result of SearchWorkItems, which sends far less than a WorkItem.
type SearchHit struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	SequenceID        int    `json:"sequence_id"`
	ProjectIdentifier string `json:"project__identifier"`
	ProjectID         string `json:"project_id"`
	WorkspaceSlug     string `json:"workspace__slug"`
}

// Comment is one comment on a work item.
type Comment struct {
	ID             string         `json:"id"`
	HTML           string         `json:"comment_html"`
	Access         string         `json:"access"` // INTERNAL or EXTERNAL
	WorkItem       Ref[WorkItem]  `json:"issue"`
	Project        Ref[Project]   `json:"project"`
	Workspace      Ref[Workspace] `json:"workspace"`
	Actor          Ref[User]      `json:"actor"`
	ExternalSource string         `json:"external_source"`
	ExternalID     string         `json:"external_id"`
	CreatedBy      string         `json:"created_by"`
	CreatedAt      Time           `json:"created_at"`
	UpdatedAt      Time           `json:"updated_at"`
	EditedAt       Time           `json:"edited_at"`
}

// UnmarshalJSON reads who wrote as an id and as an object alike; the other fields read themselves.
func (c *Comment) UnmarshalJSON(b []byte) error {
	type plain Comment
	read := struct {
		*plain
		CreatedBy Ref[User] `json:"created_by"`
	}{plain: (*plain)(c)}
	if err := json.Unmarshal(b, &read); err != nil {
		return err
	}
	c.CreatedBy = read.CreatedBy.ID
	return nil
}

// Activity is one line of a work item's history. Actor is empty where the server names nobody.
type Activity struct {
	ID        string `json:"id"`
	Verb      string `json:"verb"`  // created, updated, deleted
	Field     string `json:"field"` // what was changed; empty for the creation
	Actor     string `json:"actor"`
	CreatedAt Time   `json:"created_at"`
}

// UnmarshalJSON reads who did it as an id and as an object alike; the other fields read themselves.
func (a *Activity) UnmarshalJSON(b []byte) error {
	type plain Activity
	read := struct {
		*plain
		Actor Ref[User] `json:"actor"`
	}{plain: (*plain)(a)}
	if err := json.Unmarshal(b, &read); err != nil {
		return err
	}
	a.Actor = read.Actor.ID
	return nil
}

// NewComment is what CreateComment sends.
type NewComment struct {
	HTML           string `json:"comment_html"`
	ExternalSource string `json:"external_source,omitempty"`
	ExternalID     string `json:"external_id,omitempty"`
}

// CommentPatch is what UpdateComment sends: only fields made with Set or Null.
type CommentPatch struct {
	HTML           Opt[string] `json:"comment_html,omitzero"`
	ExternalSource Opt[string] `json:"external_source,omitzero"`
	ExternalID     Opt[string] `json:"external_id,omitzero"`
}

// Link is one web address attached to a work item.
type Link struct {
	ID        string        `json:"id"`
	Title     string        `json:"title"`
	URL       string        `json:"url"`
	WorkItem  Ref[WorkItem] `json:"issue"`
	CreatedAt Time          `json:"created_at"`
	UpdatedAt Time          `json:"updated_at"`
}

// NewLink is what CreateLink sends. The same URL twice on one work item is refused with ErrInvalid.
type NewLink struct {
	URL   string `json:"url"`
	Title string `json:"title,omitempty"`
}
