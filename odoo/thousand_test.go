package odoo_test

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

// counting counts the requests that pass it.
type counting struct {
	requests atomic.Int64
	next     http.RoundTripper
}

func (c *counting) RoundTrip(request *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return c.next.RoundTrip(request)
}

// BenchmarkReadAndWriteAThousand reads 1000 deadlines and gives each a value of its own. It reports the requests per
// round, on the server of ODOO_TEST_URL (see TestSuiteAgainstAServer, and ODOO_TEST_KEY for JSON-2) or on the simulated
// Odoo.
func BenchmarkReadAndWriteAThousand(b *testing.B) {
	server := odootest.New(odootest.Options{})
	config := odoo.Config{URL: "http://odoo.test", Database: "odoo", Login: server.Admin().Login, Secret: server.Admin().APIKey}
	carrier := server.RoundTripper()
	if url := os.Getenv("ODOO_TEST_URL"); url != "" {
		carrier = http.DefaultTransport
		config = odoo.Config{URL: url, Database: cmp.Or(os.Getenv("ODOO_TEST_DB"), "odoo"), Login: "admin", Secret: cmp.Or(os.Getenv("ODOO_TEST_KEY"), "admin")}
	}
	for _, protocol := range []odoo.Protocol{odoo.JSONRPC, odoo.XMLRPC, odoo.JSON2} {
		b.Run(string(protocol), func(b *testing.B) {
			if protocol == odoo.JSON2 && len(config.Secret) != 40 {
				b.Skip("JSON-2 needs ODOO_TEST_KEY")
			}
			counter := &counting{next: carrier}
			config := config
			config.Protocol, config.HTTPClient = protocol, &http.Client{Transport: counter}
			client, err := odoo.New(config)
			if err != nil {
				b.Fatal(err)
			}
			thousandDeadlines(b, client)
			counter.requests.Store(0)
			rounds := 0
			for b.Loop() {
				rounds++
				readAndWrite(b, client, rounds)
			}
			b.ReportMetric(float64(counter.requests.Load())/float64(rounds), "requests/op")
		})
	}
}

func thousandDeadlines(b *testing.B, client *odoo.Client) {
	b.Helper()
	records := make([]odoo.Values, 1000)
	for i := range records {
		records[i] = odoo.Values{"name": fmt.Sprint("bench ", i), "form_type": "1600", "deadline_date": "2033-01-10"}
	}
	if _, err := client.Create(b.Context(), model, records...); err != nil {
		b.Fatal(err)
	}
}

func readAndWrite(b *testing.B, client *odoo.Client, round int) {
	b.Helper()
	var rows []deadline
	options := odoo.ReadOptions{Fields: odoo.FieldsOf[deadline](), Limit: 1000, Order: "id desc"}
	if err := client.SearchRead(b.Context(), model, odoo.Where("name", "like", "bench"), options, &rows); err != nil {
		b.Fatal(err)
	}
	records := make([]odoo.RecordValues, len(rows))
	for i, row := range rows {
		name, _, _ := strings.Cut(row.Name, " round ")
		records[i] = odoo.RecordValues{ID: row.ID, Values: odoo.Values{"name": fmt.Sprint(name, " round ", round)}}
	}
	if failed := client.WriteEach(b.Context(), model, records); len(failed) != 0 || len(records) != 1000 {
		b.Fatalf("%d records, %d failed", len(records), len(failed))
	}
}
