package plane

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/oauth2"
)

// tried is one call of the client, its answer on a real server, and how often it is sent when no answer is Plane's own.
type tried struct {
	do     func(ctx context.Context, c *Client) error
	good   string // body of a success; of a delete, nothing
	status int    // of a success
	asked  int    // requests, when every answer is foreign
	write  bool
}

func (tc tried) isList() bool { return strings.Contains(tc.good, `"results"`) }

func (tc tried) isArray() bool { return strings.HasPrefix(tc.good, "[") }

func drop[T any](_ T, err error) error { return err }

// triedCalls has every exported call of the client that sends something.
func triedCalls() map[string]tried {
	item, comment := `{"id":"i","external_source":"odoo","external_id":"m,1"}`, `{"id":"c"}`
	return map[string]tried{
		"Me":               {func(ctx context.Context, c *Client) error { return drop(c.Me(ctx)) }, `{"id":"u"}`, 200, 2, false},
		"Projects":         {func(ctx context.Context, c *Client) error { return drop(c.Projects(ctx)) }, pageOf(false, "", "p"), 200, 2, false},
		"Project":          {func(ctx context.Context, c *Client) error { return drop(c.Project(ctx, "p")) }, `{"id":"p"}`, 200, 2, false},
		"States":           {func(ctx context.Context, c *Client) error { return drop(c.States(ctx, "p")) }, pageOf(false, "", "s"), 200, 2, false},
		"Labels":           {func(ctx context.Context, c *Client) error { return drop(c.Labels(ctx, "p")) }, pageOf(false, "", "l"), 200, 2, false},
		"Members":          {func(ctx context.Context, c *Client) error { return drop(c.Members(ctx, "p")) }, `[{"id":"u"}]`, 200, 2, false},
		"WorkspaceMembers": {func(ctx context.Context, c *Client) error { return drop(c.WorkspaceMembers(ctx)) }, `[{"id":"u"}]`, 200, 2, false},
		"CreateState":      {func(ctx context.Context, c *Client) error { return drop(c.CreateState(ctx, "p", NewState{})) }, `{"id":"s"}`, 200, 1, true},
		"CreateLabel":      {func(ctx context.Context, c *Client) error { return drop(c.CreateLabel(ctx, "p", NewLabel{})) }, `{"id":"l"}`, 201, 1, true},
		"WorkItems": {func(ctx context.Context, c *Client) error {
			return drop(collect(c.WorkItems(ctx, "p", ListOptions{})))
		}, pageOf(false, "", "i"), 200, 2, false},
		"WorkItem": {func(ctx context.Context, c *Client) error { return drop(c.WorkItem(ctx, "p", "i", View{})) }, item, 200, 2, false},
		"WorkItemByExternalID": {func(ctx context.Context, c *Client) error {
			return drop(c.WorkItemByExternalID(ctx, "p", "odoo", "m,1", View{}))
		}, item, 200, 2, false},
		"CreateWorkItem": {func(ctx context.Context, c *Client) error { return drop(c.CreateWorkItem(ctx, "p", NewWorkItem{})) }, item, 201, 1, true},
		"UpdateWorkItem": {func(ctx context.Context, c *Client) error {
			return drop(c.UpdateWorkItem(ctx, "p", "i", WorkItemPatch{}))
		}, item, 200, 2, true},
		"DeleteWorkItem":  {func(ctx context.Context, c *Client) error { return c.DeleteWorkItem(ctx, "p", "i") }, ``, 204, 2, true},
		"SearchWorkItems": {func(ctx context.Context, c *Client) error { return drop(c.SearchWorkItems(ctx, "x")) }, `{"issues":[{"id":"i"}]}`, 200, 2, false},
		"Comments":        {func(ctx context.Context, c *Client) error { return drop(c.Comments(ctx, "p", "i")) }, pageOf(false, "", "c"), 200, 2, false},
		"CreateComment":   {func(ctx context.Context, c *Client) error { return drop(c.CreateComment(ctx, "p", "i", NewComment{})) }, comment, 201, 1, true},
		"UpdateComment": {func(ctx context.Context, c *Client) error {
			return drop(c.UpdateComment(ctx, "p", "i", "c", CommentPatch{}))
		}, comment, 200, 2, true},
		"DeleteComment": {func(ctx context.Context, c *Client) error { return c.DeleteComment(ctx, "p", "i", "c") }, ``, 204, 2, true},
		"Activities":    {func(ctx context.Context, c *Client) error { return drop(c.Activities(ctx, "p", "i")) }, pageOf(false, "", "a"), 200, 2, false},
		"Links":         {func(ctx context.Context, c *Client) error { return drop(c.Links(ctx, "p", "i")) }, pageOf(false, "", "k"), 200, 2, false},
		"CreateLink":    {func(ctx context.Context, c *Client) error { return drop(c.CreateLink(ctx, "p", "i", NewLink{})) }, `{"id":"k"}`, 201, 1, true},
	}
}

// notCalls are exported methods that send nothing, or (Probe) report what went wrong instead of returning it.
var notCalls = []string{"APIURL", "ItemPathStyle", "Probe", "SettledAfter", "Workspace"}

func TestEveryExportedCallIsTriedWithEveryWrongAnswer(t *testing.T) {
	t.Parallel()
	calls := triedCalls()
	for method := range reflect.TypeFor[*Client]().Methods() {
		if _, known := calls[method.Name]; !known && !slices.Contains(notCalls, method.Name) {
			t.Errorf("%s is in no list: add how it is called and answered", method.Name)
		}
	}
}

// foreignAnswer is an answer that no view of Plane's gives.
type foreignAnswer struct {
	status int
	body   string
}

const proxyPage = "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center><hr><center>nginx</center></body></html>"

var foreignBodies = map[string]string{
	"a page": proxyPage, "nothing": ``, "null": `null`, "an array": `[]`, "an empty object": `{}`, "a text": `"ok"`, "a number": `404`,
	"a gateway's refusal":          `{"message":"no Route matched with those values"}`,
	"a framework's refusal":        `{"error":"Not Found","message":"Route not found","statusCode":404}`,
	"the status and no more":       `{"detail":"Not Found"}`,
	"an error that is an object":   `{"error":{"code":404,"message":"gone"}}`,
	"a problem":                    `{"type":"about:blank","title":"Not Found","status":404}`,
	"Spring's refusal":             `{"timestamp":"2026-11-26T16:00:00Z","status":404,"error":"Not Found","path":"/api/v1/"}`,
	"Plane's refusal, cut":         `{"error":"The requested resource does not`,
	"Plane's refusal, in an array": `[{"error":"The requested resource does not exist."}]`,
}

// foreignAnswers are wrong for a call whatever it is: refusals of another shape with every status that says something,
// and successes that show nothing of what was asked for.
func foreignAnswers(tc tried) map[string]foreignAnswer {
	answers := map[string]foreignAnswer{}
	for name, body := range foreignBodies {
		for _, status := range []int{400, 401, 403, 404, 405, 409, 410, 422} {
			answers[fmt.Sprintf("%d with %s", status, name)] = foreignAnswer{status, body}
		}
		for _, status := range []int{200, 201} {
			if tc.isArray() && body == `[]` {
				continue // A list of members without anybody; a bare array is its own shape.
			}
			answers[fmt.Sprintf("%d with %s", status, name)] = foreignAnswer{status, body}
		}
	}
	for name, body := range map[string]string{
		"an error": `{"error":"We are down for maintenance"}`, "an error with the id": `{"error":"no","id":"i"}`, "a detail": `{"detail":"Down."}`,
		"a half record": `{"id":"i","name":`, "an id that is a number": `{"id":7}`, "an id that is null": `{"id":null}`,
		"no results": `{"results":null,"next_page_results":null}`, "results alone": `{"results":[]}`, "results as object": `{"results":{},"next_page_results":false}`,
		"a wrong next":  `{"results":[],"next_page_results":"no"}`,
		"a wrong count": `{"results":[],"next_page_results":false,"count":3}`, "next and no cursor": `{"results":[],"next_page_results":true}`,
		"no issues": `{"issues":null}`,
	} {
		answers["200 with "+name] = foreignAnswer{200, body}
	}
	answers["202"], answers["206"] = foreignAnswer{202, tc.good}, foreignAnswer{206, tc.good}
	if tc.status == 204 {
		answers["200 for a delete"] = foreignAnswer{200, ``}
		return answers
	}
	answers["204"] = foreignAnswer{204, ``}
	if tc.isList() || tc.isArray() {
		answers["a record for a list"] = foreignAnswer{200, `{"id":"i"}`}
		return answers
	}
	answers["a list for a record"] = foreignAnswer{200, pageOf(true, "1", "i")}
	return answers
}

// knowledge are the sentinels from which a caller concludes something.
var knowledge = []error{ErrInvalid, ErrUnauthorized, ErrBadKey, ErrForbidden, ErrNotFound, ErrUnrouted, ErrMethodNotAllowed, ErrConflict, ErrTooLarge, ErrUnreadable}

func TestAnAnswerThatIsNotPlanesOwnIsTroubleOnTheWay(t *testing.T) {
	t.Parallel()
	for call, tc := range triedCalls() {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			for name, foreign := range foreignAnswers(tc) {
				synctest.Test(t, func(t *testing.T) { tryForeign(t, name, tc, foreign) })
			}
		})
	}
}

func tryForeign(t *testing.T, name string, tc tried, foreign foreignAnswer) {
	asked := map[string]int{}
	c := clientOver(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		asked[strings.Replace(r.URL.Path, "/issues/", "/work-items/", 1)]++
		return answer(r, foreign.status, foreign.body), nil
	}), func(cfg *Config) { cfg.Budget = freeBudget{} })
	c.itemPath.Store(&itemStyles[0])
	err := tc.do(t.Context(), c)
	if !errors.Is(err, ErrForeign) {
		t.Errorf("%s: error %v, want ErrForeign", name, err)
	}
	for _, sentinel := range knowledge {
		if errors.Is(err, sentinel) {
			t.Errorf("%s: the error also says %v", name, sentinel)
		}
	}
	if errors.Is(err, ErrUncertain) != tc.write {
		t.Errorf("%s: uncertain is %v of a call that writes: %v", name, !tc.write, tc.write)
	}
	if c.ItemPathStyle() != "work-items" {
		t.Errorf("%s: the client asks for %s now", name, c.ItemPathStyle())
	}
	for path, n := range asked {
		if want := tc.asked; n != want && (foreign.status != 404 || n != 2*want) {
			t.Errorf("%s: %s was asked %d times, want %d", name, path, n, want)
		}
	}
}

func TestTheAnswersOfARealServerAreTaken(t *testing.T) {
	t.Parallel()
	for call, tc := range triedCalls() {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			c := clientOver(t, &script{steps: []step{says(tc.status, tc.good)}})
			if err := tc.do(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnotherRecordIsNotTheOneThatWasAskedFor(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"WorkItem", "UpdateWorkItem", "UpdateComment", "Project"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				other := says(200, `{"id":"another"}`)
				if err := triedCalls()[call].do(t.Context(), clientOver(t, &script{steps: []step{other, other}})); !errors.Is(err, ErrForeign) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

func TestACreateAnsweredWithAnothersPairIsUncertain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &script{steps: []step{
			says(201, `{"id":"x","external_source":"odoo","external_id":"m,2"}`), says(404, `{"error":"The requested resource does not exist."}`),
		}}
		if _, err := clientOver(t, server).CreateWorkItem(t.Context(), "p", paired); !errors.Is(err, ErrUncertain) {
			t.Errorf("error %v, want one that says that the outcome is unknown", err)
		}
		if got, want := strings.Join(server.asked, ", "), "POST /work-items/, GET /work-items/"; got != want {
			t.Errorf("asked %s\nwant  %s", got, want)
		}
	})
}

func TestAForeignAnswerIsForgottenWhenPlaneAnswers(t *testing.T) {
	t.Parallel()
	for call, tc := range triedCalls() {
		if tc.asked == 1 {
			continue
		}
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := clientOver(t, &script{steps: []step{says(404, proxyPage), says(tc.status, tc.good)}})
				if err := tc.do(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestPlanesOwnRefusalsKeepTheirMeaning(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		body   string
		want   error
	}{
		{400, `{"detail":"Invalid cursor parameter."}`, ErrInvalid},
		{400, `{"labels":{"1":["Invalid pk \"0\" - object does not exist."]}}`, ErrInvalid},
		{400, `{"non_field_errors":["Start date cannot exceed target date"]}`, ErrInvalid},
		{400, `{"error":"The payload is not valid","status":false}`, ErrInvalid},
		{401, `{"detail":"Authentication credentials were not provided."}`, ErrUnauthorized},
		{403, `{"detail":"Given API token is not valid"}`, ErrBadKey},
		{403, `{"error":"Only admin or creator can delete the work item"}`, ErrForbidden},
		{404, `{"error":"The requested resource does not exist."}`, ErrNotFound},
		{404, `{"detail":"Not found."}`, ErrNotFound},
		{404, `{"error":"Page not found."}`, ErrUnrouted},
		{405, `{"detail":"Method \"PUT\" not allowed."}`, ErrMethodNotAllowed},
		{409, `{"error":"Issue with the same external id and external source already exists","id":"i"}`, ErrConflict},
		{413, proxyPage, ErrTooLarge},
	} {
		t.Run(fmt.Sprint(tc.status, tc.body), func(t *testing.T) {
			t.Parallel()
			_, err := clientOver(t, &script{steps: []step{says(tc.status, tc.body), says(tc.status, tc.body)}}).CreateWorkItem(t.Context(), "p", NewWorkItem{})
			if !errors.Is(err, tc.want) || errors.Is(err, ErrUncertain) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
		})
	}
}

func TestAnEndlessErrorPageIsNoTooLargeRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		long := says(404, proxyPage+strings.Repeat("x", 2<<20))
		c := clientOver(t, &script{steps: []step{long, long}})
		c.maxBody = 1 << 10
		if _, err := c.Me(t.Context()); !errors.Is(err, ErrForeign) {
			t.Errorf("error %v", err)
		}
	})
}

func TestAppInstallationsAreReadInTheirOwnShapeOnly(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]error{
		`[{"id":"a"}]`: nil, `{}`: ErrForeign, `null`: ErrForeign, proxyPage: ErrForeign, `[{}]`: ErrForeign, `{"results":null}`: ErrForeign,
	} {
		app, err := NewOAuth(OAuthConfig{BaseURL: "https://plane.example.com", ClientID: "c", ClientSecret: "s", HTTPClient: &http.Client{
			Transport: &script{steps: []step{says(200, body)}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := app.AppInstallations(t.Context(), &oauth2.Token{}, ""); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", body, err, want)
		}
	}
}
