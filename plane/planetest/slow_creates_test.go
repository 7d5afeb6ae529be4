package planetest

import (
	"context"
	"errors"
	"net/http"
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
