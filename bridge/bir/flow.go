package bir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/odooflow"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/reminder"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// Name is what the flow is called in commands, links and logs.
const Name = "bir"

// Config is what the flow is built from.
type Config struct {
	Odoo *odoo.Client
	// OdooURL is where people open Odoo, for the links in work items.
	OdooURL   string
	Workspace string
	ProjectID string
	// Location is the time zone in which "today" is reckoned.
	Location *time.Location
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Module is the Odoo module that defines the model. Its name is needed to hang
	// reminders on a deadline as a user who may not read ir.model.
	Module string
	// OnCompleted is what happens in Odoo when a work item is completed in Plane.
	OnCompleted OnCompleted
	// ReminderUser is the login of whoever is reminded in Odoo. When empty that is
	// who made the return or the deadline, else the bridge's own user.
	ReminderUser string
	// Names is how work items are called.
	Names  NameStyle
	Logger *slog.Logger
}

// Flow mirrors BIR filing deadlines.
type Flow struct {
	config    Config
	status    odooflow.Status
	reminders reminder.Desk
}

var (
	_ bridge.Flow         = (*Flow)(nil)
	_ bridge.Announcer    = (*Flow)(nil)
	_ bridge.Retractor    = (*Flow)(nil)
	_ bridge.RightsReader = (*Flow)(nil)
	_ bridge.LabelColorer = (*Flow)(nil)
	_ bridge.StatusKeeper = (*Flow)(nil)
)

// New returns the flow. It makes no connection.
func New(config Config) *Flow {
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Flow{
		config: config,
		status: odooflow.Status{Odoo: config.Odoo, Model: Model, Record: "deadline", Now: config.Now},
		reminders: reminder.Desk{
			Odoo: config.Odoo, Record: "deadline", User: config.ReminderUser, Setting: reminderUserSetting, Now: config.Now, Logger: config.Logger,
		},
	}
}

// Scope names the flow and its Plane project.
func (f *Flow) Scope() mapping.Scope {
	return mapping.Scope{Flow: Name, Workspace: f.config.Workspace, ProjectID: f.config.ProjectID}
}

// Ownership is declared here and enforced by the core; docs/policy/field-ownership.md
// shows it. Assignees and people's own labels are in no write at all.
func (f *Flow) Ownership() mapping.Ownership {
	return mapping.Ownership{
		mapping.FieldName: mapping.Odoo, mapping.FieldDescription: mapping.Odoo, mapping.FieldTargetDate: mapping.Odoo,
		mapping.FieldLabels: mapping.Odoo, mapping.FieldPriority: mapping.Suggested, mapping.FieldState: mapping.OdooWhenClosed,
	}
}

// Model is bir.filing.deadline.
func (f *Flow) Model() string { return Model }

// pageSize is how many deadlines are read in one call; 60 are made per company
// and year, so one call is enough for many years.
const pageSize = 2000

// Wanted reads all deadlines. One full read sees late commits, deletes and stale
// states that a watermark on write_date would miss.
func (f *Flow) Wanted(ctx context.Context) (bridge.Wanted, error) {
	open, err := f.page(ctx)
	if err != nil {
		return bridge.Wanted{}, odooflow.Classify(err)
	}
	var all []deadline
	options := odoo.ReadOptions{Fields: odoo.FieldsOf[deadline](), Complete: true}
	for page, err := range odoo.SearchReadPages[deadline](ctx, f.config.Odoo, Model, nil, options, pageSize) {
		if err != nil {
			return bridge.Wanted{}, odooflow.Classify(fmt.Errorf("reading deadlines: %w", err))
		}
		all = append(all, page...)
	}
	return f.wanted(all, open), nil
}

// wanted gives each key to its lowest id and reports the others.
func (f *Flow) wanted(all []deadline, open page) bridge.Wanted {
	slices.SortFunc(all, func(a, b deadline) int { return cmp.Compare(a.ID, b.ID) })
	several := slices.ContainsFunc(all, func(d deadline) bool { return d.Company.ID != all[0].Company.ID })
	var wanted bridge.Wanted
	first := make(map[mapping.Key]int64, len(all))
	for _, d := range all {
		key := d.key()
		if mirrored, taken := first[key]; taken {
			wanted.Conflicts = append(wanted.Conflicts, bridge.Conflict{Key: key, OdooID: d.ID, MirroredID: mirrored})
			continue
		}
		first[key] = d.ID
		wanted.Items = append(wanted.Items, f.wantedItem(d, several, open))
	}
	return wanted
}

// WantedFor reads the record that carries a key.
func (f *Flow) WantedFor(ctx context.Context, key mapping.Key) (bridge.WantedItem, error) {
	open, err := f.page(ctx)
	if err != nil {
		return bridge.WantedItem{}, odooflow.Classify(err)
	}
	d, err := f.read(ctx, key)
	if err != nil {
		return bridge.WantedItem{}, err
	}
	several, err := f.hasOtherCompanies(ctx, d)
	if err != nil {
		return bridge.WantedItem{}, err
	}
	return f.wantedItem(d, several, open), nil
}

// wantedItem is what the work item of a deadline should look like today. several
// says that there are deadlines of more companies than one.
func (f *Flow) wantedItem(d deadline, several bool, open page) bridge.WantedItem {
	fields := fromOdoo(d, f.today(), open)
	fields.Name = f.config.Names.name(d, several)
	return bridge.WantedItem{Key: d.key(), OdooID: d.ID, Fields: fields}
}

// KeyOf reads the key of one record.
func (f *Flow) KeyOf(ctx context.Context, odooID int64) (mapping.Key, error) {
	var found []deadline
	if err := f.config.Odoo.Read(ctx, Model, []int64{odooID}, odoo.FieldsOf[deadline](), &found); err != nil {
		return "", odooflow.Classify(fmt.Errorf("reading deadline %d: %w", odooID, err))
	}
	if len(found) == 0 {
		return "", bridge.ErrNoRecord
	}
	return found[0].key(), nil
}

// read returns the record that carries a key: the lowest id, where there are more.
func (f *Flow) read(ctx context.Context, key mapping.Key) (deadline, error) {
	identity, err := parseKey(key)
	if err != nil {
		return deadline{}, odooflow.BadData(err)
	}
	var found []deadline
	options := odoo.ReadOptions{Fields: odoo.FieldsOf[deadline](), Complete: true, Order: "id asc", Limit: 1}
	if err := f.config.Odoo.SearchRead(ctx, Model, identity.domain(), options, &found); err != nil {
		return deadline{}, odooflow.Classify(fmt.Errorf("reading the deadline of %s: %w", key, err))
	}
	if len(found) == 0 {
		return deadline{}, bridge.ErrNoRecord
	}
	return found[0], nil
}

// KeepStatus shows on deadlines how their mirroring stands.
func (f *Flow) KeepStatus(ctx context.Context, statuses []bridge.SyncStatus) (failed map[int64]error, err error) {
	return f.status.Keep(ctx, statuses)
}

// StatusFields asks Odoo which fields deadlines have for it.
func (f *Flow) StatusFields(ctx context.Context) (bridge.StatusFields, error) {
	return f.status.Fields(ctx)
}

// Announces notes that a reminder is about to be left.
func (f *Flow) Announces(link mapping.Link, item bridge.WorkItemState) string {
	return announces(item, link.Notified).String()
}

// FromPlane tells Odoo what people did with a deadline's work item. It reads the
// deadline first: what Odoo says itself always wins.
func (f *Flow) FromPlane(ctx context.Context, link mapping.Link, item bridge.WorkItemState) bridge.Verdict {
	d, err := f.read(ctx, link.Key)
	if errors.Is(err, bridge.ErrNoRecord) {
		return bridge.Done("kept; Odoo has no deadline for " + string(link.Key) + " any more")
	}
	if err != nil {
		return bridge.VerdictOfFlow(err)
	}
	message := fromPlane(d, item, f.config.OnCompleted.before(link.Notified))
	if message.kind == tellNothing {
		return bridge.Done("kept; " + message.why)
	}
	outcome, err := f.deliver(ctx, d, link.Key, message)
	if err != nil {
		return bridge.VerdictOfFlow(err)
	}
	return bridge.Done("kept; " + outcome).Telling(message.String())
}

func (f *Flow) today() odoo.Date { return odoo.DateIn(f.config.Now(), f.config.Location) }

// page knows how the addresses of Odoo's web client look: they changed with 18.
func (f *Flow) page(ctx context.Context) (page, error) {
	session, err := f.config.Odoo.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to Odoo: %w", err)
	}
	base := strings.TrimRight(f.config.OdooURL, "/")
	if session.Version.Major >= 18 {
		return func(model string, id int64) string { return fmt.Sprintf("%s/odoo/%s/%d", base, model, id) }, nil
	}
	return func(model string, id int64) string {
		return fmt.Sprintf("%s/web#id=%d&model=%s&view_type=form", base, id, model)
	}, nil
}
