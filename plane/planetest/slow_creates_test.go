package planetest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestASlowCreateTakesEffectAlthoughTheClientHasGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client := start(t, Options{})
		s.SlowCreates(1500 * time.Millisecond)
		const pair = `"external_source":"odoo","external_id":"k"}`
		hasty := &http.Client{Transport: s.RoundTripper(), Timeout: 200 * time.Millisecond}
		if _, err := post(t, hasty, "http://plane"+itemsPath, `{"name":"a",`+pair); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%v, want a timeout", err)
		}
		const lookup = "work-items/?external_source=odoo&external_id=k"
		wantStatus(t, client, "GET", lookup, "", http.StatusNotFound)
		time.Sleep(1400 * time.Millisecond)
		synctest.Wait()
		wantStatus(t, client, "GET", lookup, "", http.StatusOK)
	})
}

// Over a socket the server does not notice that the client has gone either.
func TestASlowCreateTakesEffectAlthoughTheSocketIsClosed(t *testing.T) {
	t.Parallel()
	made := make(chan struct{})
	told := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(made) })
	s, client := start(t, Options{WebhookTransport: HandlerTransport{Handler: told}})
	s.AddWebhook("http://bridge/hook", "secret", V1)
	s.SlowCreates(100 * time.Millisecond)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	ctx, hangUp := context.WithCancel(t.Context())
	s.OnRequest(func(r *http.Request) {
		if r.Method == http.MethodPost {
			time.AfterFunc(10*time.Millisecond, hangUp)
		}
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, web.URL+itemsPath, strings.NewReader(`{"name":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-API-Key", "plane_api_EXAMPLE")
	if response, err := web.Client().Do(request); !errors.Is(err, context.Canceled) {
		if err == nil {
			err = response.Body.Close()
		}
		t.Fatalf("%v, want a client that hung up", err)
	}
	<-made
	if page := callAPI(t, client, "GET", "work-items/", ""); field(t, page, "total_count") != "1" {
		t.Errorf("after the create: %s", page)
	}
}

func TestASlowCreateKeepsTheClockOfItsHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client := start(t, Options{})
		s.SlowCreates(time.Second)
		s.SetClocks(time.Hour, 0)
		made := make(chan string)
		began := time.Now()
		go func() { made <- createOverAPI(t, client, `{"name":"a"}`) }()
		time.Sleep(time.Millisecond)
		callAPI(t, client, "GET", me, "") // Of the other host.
		if it, _ := s.Item(<-made); it.UpdatedAt.Sub(began).Round(time.Minute) != time.Hour {
			t.Errorf("updated_at %s, want an hour after %s", it.UpdatedAt, began)
		}
	})
}

func TestASecondCreateWithinASlowOnePassesTheCheckToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client := start(t, Options{})
		s.SlowCreates(1500 * time.Millisecond)
		const body = `{"name":"a","external_source":"odoo","external_id":"k"}`
		first := make(chan int)
		go func() {
			status, _, _ := try(t, client, "POST", "work-items/", body)
			first <- status
		}()
		time.Sleep(time.Second)
		wantStatus(t, client, "POST", "work-items/", body, http.StatusCreated)
		if status := <-first; status != http.StatusCreated || len(s.ItemsByExternalID("odoo", "k")) != 2 {
			t.Errorf("first: %d, %d items with the pair, want 2", status, len(s.ItemsByExternalID("odoo", "k")))
		}
		wantStatus(t, client, "POST", "work-items/", body, http.StatusConflict)
		s.SlowCreates(0)
		began := time.Now()
		createOverAPI(t, client, `{"name":"b"}`)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %s after the slowness ended", waited)
		}
	})
}

// Unlike a pair of external ids, a label's name is held by the table itself.
func TestASecondLabelWithinASlowOneIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client := start(t, Options{})
		s.SlowCreates(1500 * time.Millisecond)
		first := make(chan int)
		go func() {
			status, _, _ := try(t, client, "POST", "labels/", `{"name":"urgent!"}`)
			first <- status
		}()
		time.Sleep(time.Second)
		wantStatus(t, client, "POST", "labels/", `{"name":"urgent!"}`, http.StatusConflict)
		if status := <-first; status != http.StatusCreated {
			t.Errorf("the first: %d", status)
		}
	})
}

func TestCommentsLabelsLinksAndStatesAreSlowAsWell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client := start(t, Options{})
		id := createOverAPI(t, client, `{"name":"a"}`)
		s.SlowCreates(time.Second)
		for path, body := range map[string]string{
			"work-items/" + id + "/comments/": `{"comment_html":"<p>c</p>"}`,
			"work-items/" + id + "/links/":    `{"url":"https://example.com"}`,
			"labels/":                         `{"name":"l"}`,
			"states/":                         `{"name":"s","color":"#111111"}`,
		} {
			began := time.Now()
			createOverAPI(t, client, body, path)
			if waited := time.Since(began); waited != time.Second {
				t.Errorf("%s took effect after %s, want 1 s", path, waited)
			}
		}
	})
}
