package plane_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// smallPlane is a Plane of one project, small enough to stand in an example.
type smallPlane struct{}

func (smallPlane) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := 200, `{}`
	switch {
	case strings.HasSuffix(r.URL.Path, "/states/"):
		body = `{"results":[{"id":"s1","name":"Todo","group":"unstarted","default":true}],"next_page_results":false}`
	case strings.HasSuffix(r.URL.Path, "/labels/"):
		body = `{"results":[{"id":"l1","name":"area:compliance"}],"next_page_results":false}`
	case r.Method == http.MethodPost:
		status, body = 409, `{"error":"Issue with the same external id and external source already exists","id":"i1"}`
	case strings.HasSuffix(r.URL.Path, "/i1/"):
		body = `{"id":"i1","name":"[1601C] 09/2026"}`
	case strings.HasSuffix(r.URL.Path, "/work-items/"):
		body = `{"results":[{"id":"i1","name":"[1601C] 09/2026"},{"id":"i2","name":"[2550Q] Q3/2026"}],"next_page_results":false}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{"X-Ratelimit-Remaining": {"59"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func newClient() *plane.Client {
	client, err := plane.New(plane.Config{
		BaseURL: "https://plane.example.com/", Workspace: "insightpulseai", Auth: plane.APIKey("plane_api_example"),
		HTTPClient: &http.Client{Transport: smallPlane{}},
	})
	if err != nil {
		panic(err)
	}
	return client
}

func Example() {
	ctx, client := context.Background(), newClient()
	catalog := plane.NewCatalog(client)
	todo, err := catalog.StateFor(ctx, "p", plane.GroupUnstarted)
	if err != nil {
		fmt.Println(err)
		return
	}
	labels, err := catalog.LabelIDs(ctx, "p", "area:compliance")
	if err != nil {
		fmt.Println(err)
		return
	}
	item, err := client.CreateWorkItem(ctx, "p", plane.NewWorkItem{
		Name: "[1601C] 09/2026", StateID: todo.ID, LabelIDs: labels, TargetDate: "2026-10-10",
		ExternalSource: "odoo", ExternalID: "bir.filing.deadline,1/1601C/2026/9",
	})
	if id := plane.ExistingID(err); id != "" {
		item, err = client.WorkItem(ctx, "p", id, plane.View{})
	}
	fmt.Println(item.Name, err)
	// Output: [1601C] 09/2026 <nil>
}

func ExampleClient_WorkItems() {
	for item, err := range newClient().WorkItems(context.Background(), "p", plane.ListOptions{OrderBy: "-updated_at"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(item.Name)
	}
	// Output:
	// [1601C] 09/2026
	// [2550Q] Q3/2026
}

func ExampleWithMaxWait() {
	budget := plane.NewBudget(plane.WithWindow(plane.Window{BlockedUntil: time.Now().Add(time.Minute).UnixMicro()}))
	ctx := plane.WithMaxWait(plane.WithLane(context.Background(), plane.LaneBackfill), 10*time.Second)
	err := budget.Wait(ctx, plane.LaneOf(ctx))
	var busy *plane.BusyError
	if errors.As(err, &busy) {
		fmt.Println("put the job back for about", time.Until(busy.Until).Round(time.Minute))
	}
	// Output: put the job back for about 1m0s
}

func ExampleWorkItemPatch() {
	patch := plane.WorkItemPatch{Name: plane.Set("[1601C] 09/2026, amended"), TargetDate: plane.Null[plane.Date]()}
	fmt.Println(patch.IsEmpty(), plane.WorkItemPatch{}.IsEmpty())
	// Output: false true
}

func ExampleDecodeEvent() {
	body := []byte(`{"event":"issue","action":"updated","data":{"id":"i1","name":"[1601C] 09/2026","state":{"id":"s2","name":"Done","group":"completed"}},"activity":{"field":"state"}}`)
	signature := plane.Sign("webhook secret", body) // Plane sends it in X-Plane-Signature
	if !plane.Verify(body, signature, "webhook secret") {
		fmt.Println("invalid signature")
		return
	}
	event, err := plane.DecodeEvent(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(event.Name(), event.WorkItem.State.Value.Group)
	// Output: issue.updated completed
}
