package odoo_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
)

// connect makes a client of a simulated Odoo; a real one needs no HTTPClient.
func connect() *odoo.Client {
	server := odootest.New(odootest.Options{})
	client, err := odoo.New(odoo.Config{
		URL: "http://odoo.example", Database: "odoo", Login: server.Admin().Login, Secret: server.Admin().APIKey,
		HTTPClient: &http.Client{Transport: server.RoundTripper()},
	})
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func Example() {
	ctx, client := context.Background(), connect()
	session, err := client.Connect(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Protocol, "because", session.Why)

	_, err = client.Create(ctx, "bir.filing.deadline", odoo.Values{
		"name": "2550M - 01/2026", "form_type": "2550M", "period_month": 1, "period_year": 2026,
		"deadline_date": odoo.Date{Year: 2026, Month: 2, Day: 20},
	})
	if err != nil {
		log.Fatal(err)
	}
	var deadlines []struct {
		Name string        `odoo:"name"`
		Day  odoo.Date     `odoo:"deadline_date"`
		For  odoo.Many2One `odoo:"company_id"`
	}
	err = client.SearchRead(ctx, "bir.filing.deadline", odoo.Where("form_type", "=", "2550M"),
		odoo.ReadOptions{Fields: []string{"name", "deadline_date", "company_id"}, Order: "deadline_date"}, &deadlines)
	if err != nil {
		log.Fatal(err)
	}
	for _, deadline := range deadlines {
		fmt.Println(deadline.Name, deadline.Day, deadline.For.Name)
	}
	// Output:
	// json2 because the server is Odoo 19.0 and the secret is an API key
	// 2550M - 01/2026 2026-02-20 My Company
}

func ExampleClient_WriteEach() {
	ctx, client := context.Background(), connect()
	value := odoo.Values{"name": "x", "form_type": "1600", "deadline_date": odoo.Date{Year: 2026, Month: 2, Day: 10}}
	ids, err := client.Create(ctx, "bir.filing.deadline", value, value, value)
	if err != nil {
		log.Fatal(err)
	}
	failed := client.WriteEach(ctx, "bir.filing.deadline", []odoo.RecordValues{
		{ID: ids[0], Values: odoo.Values{"name": "first"}},
		{ID: ids[1], Values: odoo.Values{"form_type": "no such form"}},
		{ID: ids[2], Values: odoo.Values{"name": "third"}},
	})
	fmt.Println(len(failed), "failed:", errors.Is(failed[ids[1]], odoo.ErrValue))
	// Output:
	// 1 failed: true
}

func ExampleOr() {
	overdue := odoo.And(odoo.Where("deadline_date", "<", odoo.Date{Year: 2026, Month: 3, Day: 1}), odoo.Where("state", "!=", "filed"))
	fmt.Println(odoo.Or(overdue, odoo.Where("state", "=", "overdue")))
	// Output:
	// [| & [deadline_date < 2026-03-01] [state != filed] [state = overdue]]
}
