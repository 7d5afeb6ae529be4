package odoo_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

// target is a server for the suite, with an administrator and a user who has no rights beyond an internal user's.
type target struct {
	admin     odoo.Config
	key       string
	simulated bool
	limited   func(*testing.T, suite) odoo.Config
}

// TestSuiteAgainstAServer runs the suite against the server that ODOO_TEST_URL names, with ODOO_TEST_DB, ODOO_TEST_LOGIN
// and ODOO_TEST_PASSWORD of an administrator. It needs the models bir.filing.deadline and base.automation, and leaves
// records behind: give it a database to throw away.
func TestSuiteAgainstAServer(t *testing.T) {
	t.Parallel()
	url := os.Getenv("ODOO_TEST_URL")
	if url == "" {
		t.Skip("ODOO_TEST_URL is not set")
	}
	admin := odoo.Config{
		URL: url, Database: cmp.Or(os.Getenv("ODOO_TEST_DB"), "odoo"), Login: cmp.Or(os.Getenv("ODOO_TEST_LOGIN"), "admin"),
		Secret: cmp.Or(os.Getenv("ODOO_TEST_PASSWORD"), "admin"), Protocol: odoo.JSONRPC,
	}
	runSuite(t, target{admin: admin, key: mintKey(t, admin), limited: makeInternalUser})
}

// TestSuiteAgainstTheSimulatedOdoo holds the simulated Odoo to the same.
func TestSuiteAgainstTheSimulatedOdoo(t *testing.T) {
	t.Parallel()
	server := odootest.New(odootest.Options{})
	admin, outsider := server.Admin(), server.Outsider()
	config := odoo.Config{
		URL: "http://odoo.test", Database: "odoo", Login: admin.Login, Secret: admin.Password, Protocol: odoo.JSONRPC,
		HTTPClient: &http.Client{Transport: server.RoundTripper()},
	}
	runSuite(t, target{admin: config, key: admin.APIKey, simulated: true, limited: func(_ *testing.T, s suite) odoo.Config {
		limited := config
		limited.Login, limited.Secret, limited.Protocol = outsider.Login, outsider.Password, s.protocol
		return limited
	}})
}

func runSuite(t *testing.T, on target) {
	for _, protocol := range []odoo.Protocol{odoo.JSONRPC, odoo.XMLRPC, odoo.JSON2} {
		t.Run(string(protocol), func(t *testing.T) {
			config := on.admin
			config.Protocol, config.Secret, config.MaxInFlight = protocol, on.key, 40
			client, err := odoo.New(config)
			must(t, err)
			s := suite{Client: client, on: on, protocol: protocol, stamp: fmt.Sprintf("%s%d", protocol, time.Now().UnixNano())}
			t.Run("session", s.session)
			t.Run("records", s.records)
			t.Run("errors", s.errors)
			t.Run("batches", s.batches)
			t.Run("pages", s.pages)
			t.Run("external ids", s.externalIDs)
			t.Run("races", s.races)
			t.Run("forty writers", s.fortyWriters)
			t.Run("keys", s.keys)
			t.Run("push", s.push)
			t.Run("fields", s.fields)
			t.Run("parameters", s.parameters)
			t.Run("least privilege", s.leastPrivilege)
		})
	}
}

type suite struct {
	*odoo.Client
	on       target
	protocol odoo.Protocol
	stamp    string
}

const model = "bir.filing.deadline"

type deadline struct {
	ID       int64         `odoo:"id"`
	Name     string        `odoo:"name"`
	FormType string        `odoo:"form_type"`
	Day      odoo.Date     `odoo:"deadline_date"`
	Month    int           `odoo:"period_month"`
	Company  odoo.Many2One `odoo:"company_id"`
	Return   odoo.Many2One `odoo:"return_id"`
	Written  odoo.DateTime `odoo:"write_date"`
}

// mintKey makes an API key the way an administrator can without a browser: by a code action, which it removes again.
func mintKey(t *testing.T, config odoo.Config) string {
	t.Helper()
	client, err := odoo.New(config)
	must(t, err)
	models, err := client.Search(t.Context(), "ir.model", odoo.Where("model", "=", "res.users"), odoo.ReadOptions{})
	must(t, err)
	action, err := client.Create(t.Context(), "ir.actions.server", odoo.Values{
		"name": "key for the suite", "model_id": models[0], "state": "code",
		"code": "action = {'type': 'ir.actions.act_window_close', 'infos': {'key': env['res.users.apikeys']._generate(None, 'suite', datetime.datetime.now() + datetime.timedelta(days=30))}}",
	})
	must(t, err)
	var made struct {
		Infos struct {
			Key string `odoo:"key"`
		} `odoo:"infos"`
	}
	must(t, client.Call(t.Context(), "ir.actions.server", "run", action, nil, &made))
	must(t, client.Unlink(t.Context(), "ir.actions.server", action...))
	return made.Infos.Key
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s suite) session(t *testing.T) {
	session, err := s.Connect(t.Context())
	must(t, err)
	if session.Version.Major < 17 || session.UserID == 0 || session.Protocol != s.protocol {
		t.Errorf("got %+v", session)
	}
}

func (s suite) make(t *testing.T, n int) []int64 {
	t.Helper()
	var records []odoo.Values
	for i := range n {
		records = append(records, odoo.Values{
			"name": fmt.Sprint(s.stamp, "-", i), "form_type": "1600", "period_month": i%12 + 1, "period_year": 2031,
			"deadline_date": odoo.Date{Year: 2031, Month: 1, Day: 10},
		})
	}
	ids, err := s.Create(t.Context(), model, records...)
	must(t, err)
	return ids
}

func (s suite) records(t *testing.T) {
	ids := s.make(t, 2)
	must(t, s.Write(t.Context(), model, ids[:1], odoo.Values{"deadline_date": odoo.Date{Year: 2031, Month: 2, Day: 28}, "return_id": nil, "name": "<é&>"}))
	var rows []deadline
	must(t, s.Read(t.Context(), model, append(ids, 1<<30), odoo.FieldsOf[deadline](), &rows))
	if len(rows) != 2 || rows[0].Name != "<é&>" || rows[0].Day.String() != "2031-02-28" || rows[0].Company.Name == "" ||
		!rows[0].Return.IsZero() || rows[1].Month != 2 || time.Since(rows[0].Written.Time) > time.Hour {
		t.Errorf("got %+v", rows)
	}
	n, err := s.SearchCount(t.Context(), model, odoo.And(odoo.Where("id", "in", ids), odoo.Where("name", "!=", "<é&>")))
	must(t, err)
	if n != 1 {
		t.Errorf("counted %d", n)
	}
	must(t, s.Unlink(t.Context(), model, ids[1]))
	must(t, s.Unlink(t.Context(), model, ids[1]))
	missing, err := s.WriteExisting(t.Context(), model, ids, odoo.Values{"name": "again"})
	must(t, err)
	if !slices.Equal(missing, ids[1:]) {
		t.Errorf("missing %v of %v", missing, ids)
	}
	fields, err := s.FieldsGet(t.Context(), model, "type", "selection", "relation")
	must(t, err)
	if fields["company_id"].Relation != "res.company" || len(fields["state"].Selection) != 4 {
		t.Errorf("got %+v", fields)
	}
}

func (s suite) errors(t *testing.T) {
	ctx := t.Context()
	_, badValue := s.Create(ctx, model, odoo.Values{"name": "x", "form_type": "9999", "deadline_date": "2026-01-01"})
	_, required := s.Create(ctx, model, odoo.Values{"name": "x"})
	_, unknownModel := s.SearchCount(ctx, "no.such.model", nil)
	_, badRow := s.Load(ctx, model, []string{"id", "name", "form_type", "deadline_date"}, [][]string{{"planebridge.bad", "x", "ZZZ", "2026-01-01"}})
	wrong := func() error {
		config := s.on.admin
		config.Secret, config.Protocol = strings.Repeat("0", 40), s.protocol
		client, err := odoo.New(config)
		must(t, err)
		_, err = client.Connect(ctx)
		return err
	}
	// XML-RPC has one fault code for what the model refuses, and does not say which class it was.
	refused := odoo.ErrValidation
	if s.protocol == odoo.XMLRPC {
		refused = odoo.ErrUser
	}
	for name, tt := range map[string]struct {
		err   error
		want  odoo.Kind
		class odoo.Class
	}{
		"bad value":      {badValue, odoo.ErrValue, odoo.Permanent},
		"required":       {required, refused, odoo.Permanent},
		"bad row":        {badRow, odoo.ErrValidation, odoo.Permanent},
		"wrong secret":   {wrong(), odoo.ErrDenied, odoo.Permanent},
		"private method": {s.Call(ctx, model, "_cron_generate_deadlines", []int64{}, nil, nil), odoo.ErrAccess, odoo.Permanent},
		// These three also come while a module is being upgraded, and are waited for.
		"unknown model":  {unknownModel, odoo.ErrUnknownModel, odoo.Retryable},
		"unknown method": {s.Call(ctx, model, "no_such_method", []int64{}, nil, nil), odoo.ErrUnknownMethod, odoo.Retryable},
		"unknown field":  {s.SearchRead(ctx, model, nil, odoo.ReadOptions{Fields: []string{"nope"}, Limit: 1}, &[]deadline{}), odoo.ErrValue, odoo.Retryable},
	} {
		if !errors.Is(tt.err, tt.want) || odoo.ClassOf(tt.err) != tt.class {
			t.Errorf("%s: got %v", name, tt.err)
		}
		if tt.err != nil && strings.Contains(tt.err.Error(), "Traceback") {
			t.Errorf("%s shows a traceback: %v", name, tt.err)
		}
	}
}

func (s suite) batches(t *testing.T) {
	ids := s.make(t, 200)
	var records []odoo.RecordValues
	for i, id := range ids {
		records = append(records, odoo.RecordValues{ID: id, Values: odoo.Values{"name": fmt.Sprint(s.stamp, " new ", i)}})
	}
	records[77].Values = odoo.Values{"form_type": "9999"}
	failed := s.WriteEach(t.Context(), model, records)
	if len(failed) != 1 || !errors.Is(failed[ids[77]], odoo.ErrValue) {
		t.Errorf("failed: %v", failed)
	}
	n, err := s.SearchCount(t.Context(), model, odoo.And(odoo.Where("id", "in", ids), odoo.Where("name", "like", s.stamp+" new")))
	must(t, err)
	if n != 199 {
		t.Errorf("%d of 199 written", n)
	}
}

func (s suite) pages(t *testing.T) {
	ids := s.make(t, 25)
	var seen []int64
	for page, err := range odoo.SearchReadPages[deadline](t.Context(), s.Client, model, odoo.Where("id", "in", ids), odoo.ReadOptions{Fields: []string{"name"}}, 10) {
		must(t, err)
		for _, row := range page {
			seen = append(seen, row.ID)
		}
	}
	slices.Sort(ids)
	if !slices.Equal(seen, ids) {
		t.Errorf("saw %v of %v", seen, ids)
	}
}

func (s suite) values(month int) odoo.Values {
	return odoo.Values{
		"name": s.stamp, "form_type": "1600", "period_month": month, "period_year": 2032,
		"deadline_date": odoo.Date{Year: 2032, Month: 1, Day: 10}, "company_id": odoo.Many2One{ID: 1}, "return_id": nil,
	}
}

func (s suite) externalIDs(t *testing.T) {
	ctx := t.Context()
	external, err := odoo.NewExternalID("suite_" + s.stamp)
	must(t, err)
	if _, _, err := s.Resolve(ctx, external); !errors.Is(err, odoo.ErrMissing) {
		t.Fatalf("before it is made: %v", err)
	}
	first, err := s.Upsert(ctx, model, odoo.Upsertion{ExternalID: external, Values: s.values(1)})
	must(t, err)
	second, err := s.Upsert(ctx, model, odoo.Upsertion{ExternalID: external, Values: s.values(2)})
	must(t, err)
	third, err := s.Upsert(ctx, model, odoo.Upsertion{ExternalID: external, KnownID: first, Values: s.values(3)})
	must(t, err)
	owner, resolved, err := s.Resolve(ctx, external)
	must(t, err)
	if second != first || third != first || resolved != first || owner != model {
		t.Errorf("ids %d, %d, %d, %s %d", first, second, third, owner, resolved)
	}
	names, err := s.ExternalIDs(ctx, model, first)
	must(t, err)
	if !slices.Equal(names[first], []odoo.ExternalID{external}) {
		t.Errorf("got %v", names)
	}
	again, created, err := s.LoadOnce(ctx, model, external, s.values(9))
	must(t, err)
	var rows []deadline
	must(t, s.Read(ctx, model, []int64{first}, []string{"period_month"}, &rows))
	if again != first || created || rows[0].Month != 3 {
		t.Errorf("loaded %d, created %v, %+v", again, created, rows)
	}
	must(t, s.Unlink(ctx, model, first))
	_, err = s.Upsert(ctx, model, odoo.Upsertion{ExternalID: external, KnownID: first, Values: s.values(4)})
	if !errors.Is(err, odoo.ErrMissing) && !s.on.simulated { // The simulated Odoo does not name the column .id.
		t.Errorf("a deleted record: %v", err)
	}
	if exists, err := s.Exists(ctx, model, first); err != nil || exists[first] {
		t.Errorf("it was brought back: %v, %v", exists, err)
	}
}

func (s suite) races(t *testing.T) {
	external, err := odoo.NewExternalID("race_" + s.stamp)
	must(t, err)
	var group sync.WaitGroup
	made := make([]int64, 4)
	for i := range made {
		group.Go(func() {
			var err error
			made[i], err = s.Upsert(t.Context(), model, odoo.Upsertion{ExternalID: external, Values: s.values(i + 1)})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(slices.Compact(slices.Sorted(slices.Values(made)))) != 1 {
		t.Errorf("made %v", made)
	}
}

func (s suite) fortyWriters(t *testing.T) {
	ids := s.make(t, 1)
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			if err := s.Write(t.Context(), model, ids, odoo.Values{"name": fmt.Sprint(s.stamp, i)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func makeInternalUser(t *testing.T, s suite) odoo.Config {
	t.Helper()
	_, err := s.Create(t.Context(), "res.users", odoo.Values{"name": s.stamp, "login": s.stamp, "password": "pass-" + s.stamp})
	must(t, err)
	config := s.on.admin
	config.Login, config.Secret, config.Protocol = s.stamp, "pass-"+s.stamp, s.protocol
	return config
}
