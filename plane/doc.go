// Package plane is a client for the REST API of Plane (plane.so), Community and commercial edition alike.
//
// One short program shows the whole of it: a client, a rate budget that it keeps by itself, ids found by group and
// name, a create that can be run twice, and a list that turns its own pages.
//
//	client, err := plane.New(plane.Config{
//		BaseURL:   "https://api.plane.so", // or your own server, with or without /api/v1
//		Workspace: "insightpulseai",
//		Auth:      plane.APIKey(os.Getenv("PLANE_API_KEY")),
//	})
//	if err != nil {
//		return err
//	}
//	catalog := plane.NewCatalog(client)
//	todo, err := catalog.StateFor(ctx, projectID, plane.GroupUnstarted)
//	if err != nil {
//		return err
//	}
//	labels, err := catalog.LabelIDs(ctx, projectID, "area:compliance", "form:1601C") // made if missing
//	if err != nil {
//		return err
//	}
//	item, err := client.CreateWorkItem(ctx, projectID, plane.NewWorkItem{
//		Name: "[1601C] 09/2026", StateID: todo.ID, LabelIDs: labels, TargetDate: "2026-10-10",
//		ExternalSource: "odoo", ExternalID: "bir.filing.deadline,1/1601C/2026/9",
//	})
//	if id := plane.ExistingID(err); id != "" { // it was made before: adopt it
//		item, err = client.WorkItem(ctx, projectID, id, plane.View{})
//	}
//	if err != nil {
//		return err
//	}
//	for other, err := range client.WorkItems(ctx, projectID, plane.ListOptions{OrderBy: "-updated_at"}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(other.Name, other.ID == item.ID)
//	}
//
// # Budget
//
// Plane counts requests per API key in a sliding minute, 60 unless the operator says otherwise. The client keeps the same
// log, learns the limit from the answers, and waits before it would be refused; see Budget and Window. WithLane says
// how urgent a request is, WithMaxWait how long it may wait. Processes that share a key share a Budget made of Window.
//
// # Errors
//
// Every failure of a request is an *Error; errors.Is tells the kinds apart (ErrNotFound, ErrConflict, ErrRateLimited
// and so on). ErrUncertain marks a write whose outcome is unknown. A wait that was too long is a *BusyError. What can
// be repeated without harm has been repeated before an error comes back. An answer that is not Plane's own, whatever its
// status, is ErrForeign and says nothing about a record; a path that the server does not have is ErrUnrouted and not
// ErrNotFound. A list reports a record that it cannot read as *ItemError and goes on behind it.
//
// # Webhooks
//
// Verify checks a delivery's signature over the raw body, DecodeEvent reads v1 and v2 bodies into one Event, and
// EventKey recognises a retry, which the delivery id does not.
package plane
