package planetest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// A person moves a work item, and the receiver of a webhook hears of it.
func Example() {
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		fmt.Println(r.Header.Get("X-Plane-Event"), strings.Contains(string(body), `"group": "completed"`))
	}))
	defer receiver.Close()

	server := planetest.New(planetest.Options{})
	defer server.Close()
	item, err := server.CreateItem("maria", planetest.NewItem{Name: "File 1601C"})
	if err != nil {
		panic(err)
	}
	server.AddWebhook(receiver.URL, "secret", planetest.V1)
	if err := server.MoveItem("maria", item, "completed"); err != nil {
		panic(err)
	}
	if err := server.Quiesce(context.Background()); err != nil {
		panic(err)
	}
	// Output: issue true
}
