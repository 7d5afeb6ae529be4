package odoo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestConcurrentCallersShareOneAuthentication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) { return 200, result(3), nil }}
		client := server.client(t)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if n, err := client.SearchCount(t.Context(), "res.users", nil); err != nil || n != 3 {
					t.Errorf("got %d, %v", n, err)
				}
			})
		}
		group.Wait()
		if server.connected != 1 {
			t.Errorf("authenticated %d times", server.connected)
		}
	})
}

func TestACallerThatGivesUpDoesNotTakeTheConnectionAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) { return 200, result(1), nil }}
		client := server.client(t, func(c *Config) {
			c.HTTPClient = &http.Client{Transport: carrier(func(request *http.Request) (*http.Response, error) {
				select {
				case <-time.After(time.Second): // The bubble's clock; nobody waits.
					return server.RoundTrip(request)
				case <-request.Context().Done():
					return nil, request.Context().Err()
				}
			})}
		})
		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() {
			_, err := client.Connect(hasty)
			if ClassOf(err) != Retryable || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the hasty caller got %v", err)
			}
		})
		synctest.Wait()
		session, err := client.Connect(t.Context())
		if err != nil || session.UserID != 7 {
			t.Errorf("the patient caller got %+v, %v", session, err)
		}
		group.Wait()
	})
}

func TestAFailedConnectionIsNotRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) { return 200, result(1), nil }}
		away := true
		client := server.client(t, func(c *Config) {
			c.HTTPClient = &http.Client{Transport: carrier(func(request *http.Request) (*http.Response, error) {
				if away {
					return nil, errors.New("connection refused")
				}
				return server.RoundTrip(request)
			})}
		})
		if _, err := client.Connect(t.Context()); err == nil {
			t.Fatal("connected to a server that is away")
		}
		away = false
		if _, err := client.Connect(t.Context()); err != nil {
			t.Errorf("the server is back: %v", err)
		}
	})
}

func TestARefusedSecretIsRememberedForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		client := (&answering{}).client(t, func(c *Config) {
			c.HTTPClient = &http.Client{Transport: carrier(func(request *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(request.Body)
				if strings.Contains(string(body), "authenticate") {
					tries++
					return respond(request, 200, "application/json", result(false)), err
				}
				return respond(request, 200, "application/json", result(map[string]any{"server_serie": "17.0"})), err
			})}
		})
		for range 5 {
			if _, err := client.Connect(t.Context()); !errors.Is(err, ErrDenied) {
				t.Fatalf("want ErrDenied, got %v", err)
			}
		}
		if tries != 1 {
			t.Errorf("the server was asked %d times", tries)
		}
		time.Sleep(denialHolds)
		if _, err := client.Connect(t.Context()); !errors.Is(err, ErrDenied) || tries != 2 {
			t.Errorf("after a while: %v, asked %d times", err, tries)
		}
	})
}

func TestATimeoutLeavesDoubtOnlyAboutWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{hold: func(ctx context.Context) { <-ctx.Done() }}
		client := server.client(t)
		started := time.Now()
		_, err := client.SearchCount(t.Context(), "res.users", nil)
		if ClassOf(err) != Retryable || !errors.Is(err, ErrUncertain) {
			t.Errorf("a read got %v", err)
		}
		if waited := time.Since(started); waited != DefaultTimeout {
			t.Errorf("a read waited %s", waited)
		}
		err = client.Write(t.Context(), "res.users", []int64{1}, Values{"name": "x"})
		if ClassOf(err) != Uncertain || !errors.Is(err, ErrUncertain) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a write got %v", err)
		}
	})
}

func TestAWriteThatFindsNoPlaceWasNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{hold: func(ctx context.Context) { <-ctx.Done() }}
		client := server.client(t, func(c *Config) { c.MaxInFlight = 1 })
		if _, err := client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		group.Go(func() { _, _ = client.SearchCount(t.Context(), "res.users", nil) })
		synctest.Wait()
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := client.Write(hasty, "res.users", []int64{1}, Values{"name": "x"})
		if ClassOf(err) != Retryable || !errors.Is(err, ErrBusy) {
			t.Errorf("got %v of class %s", err, ClassOf(err))
		}
		group.Wait()
	})
}

func TestAtMostSoManyCallsAreInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		server := &answering{
			call: func(int, sentCall) (int, string, error) { return 200, result(1), nil },
			hold: func(context.Context) {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				now--
				mu.Unlock()
			},
		}
		client := server.client(t, func(c *Config) { c.MaxInFlight = 3 })
		var group sync.WaitGroup
		for range 12 {
			group.Go(func() {
				if _, err := client.SearchCount(t.Context(), "res.users", nil); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if most != 3 {
			t.Errorf("%d calls at once", most)
		}
	})
}

func TestABusyServerIsAskedAgainForReadsOnly(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"pool": exception("psycopg2.pool.PoolError", "The Connection Pool Is Full"),
		"502":  "<html>502",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				status := 200
				if name == "502" {
					status = 502
				}
				server := &answering{call: func(n int, _ sentCall) (int, string, error) {
					if n < readTries {
						return status, body, nil
					}
					return 200, result(4), nil
				}}
				client := server.client(t)
				if n, err := client.SearchCount(t.Context(), "res.users", nil); err != nil || n != 4 {
					t.Errorf("the read got %d, %v", n, err)
				}
				server.calls = nil
				err := client.Write(t.Context(), "res.users", []int64{1}, Values{"name": "x"})
				if !errors.Is(err, ErrBusy) || len(server.calls) != 1 {
					t.Errorf("the write got %v after %d calls", err, len(server.calls))
				}
			})
		})
	}
}

func TestABadGatewayLeavesDoubtAboutAWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) { return 502, "<html>502", nil }}
		err := server.client(t).Write(t.Context(), "res.users", []int64{1}, Values{"name": "x"})
		if ClassOf(err) != Uncertain {
			t.Errorf("got %v of class %s", err, ClassOf(err))
		}
	})
}

func TestAutoSaysWhatItChoseAndWhy(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("0123456789", 4)
	for _, tt := range []struct {
		configured Protocol
		secret     string
		series     string
		major      int
		want       Protocol
		why        string
	}{
		{Auto, key, "19.0", 19, JSON2, "API key"},
		{Auto, "hunter2", "19.0", 19, JSONRPC, "password"},
		{Auto, key, "18.0", 18, JSONRPC, "no JSON-2"},
		{XMLRPC, key, "19.0", 19, XMLRPC, "configuration"},
	} {
		got, why := choose(Config{Protocol: tt.configured, Secret: tt.secret}, Version{Series: tt.series, Major: tt.major})
		if got != tt.want || !strings.Contains(why, tt.why) || strings.Contains(why, tt.secret) {
			t.Errorf("%s with %s: chose %s, %q", tt.configured, tt.series, got, why)
		}
	}
}

func TestAutoFindsAnOldServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{version: "saas~17.4+e"}
		session, err := server.client(t, func(c *Config) { c.Protocol = "" }).Connect(t.Context())
		if err != nil || session.Protocol != JSONRPC || session.Version.Major != 17 || session.UserID != 7 {
			t.Errorf("got %+v, %v", session, err)
		}
	})
}

func TestARedirectIsRefusedAndNamesTheAddressWithoutItsQuery(t *testing.T) {
	t.Parallel()
	calls := 0
	client := (&answering{}).client(t, func(c *Config) {
		c.HTTPClient = &http.Client{Transport: carrier(func(request *http.Request) (*http.Response, error) {
			calls++
			answer := respond(request, http.StatusTemporaryRedirect, "text/html", "")
			answer.Header.Set("Location", "https://odoo.test/jsonrpc?token=secret")
			return answer, nil
		})}
	})
	_, err := client.Connect(t.Context())
	if !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "https://odoo.test/jsonrpc") || strings.Contains(err.Error(), "token") {
		t.Errorf("got %v", err)
	}
	if calls != 1 {
		t.Errorf("the redirect was followed: %d requests", calls)
	}
}

func TestAnAnswerOverTheLimitIsNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) { return 200, result(strings.Repeat("x", 5000)), nil }}
		client := server.client(t, func(c *Config) { c.MaxResponseBytes = 1000 })
		_, err := client.SearchCount(t.Context(), "res.users", nil)
		if !errors.Is(err, ErrTooLarge) || ClassOf(err) != Permanent {
			t.Errorf("a read got %v", err)
		}
		err = client.Write(t.Context(), "res.users", []int64{1}, Values{"name": "x"})
		if !errors.Is(err, ErrTooLarge) || ClassOf(err) != Uncertain {
			t.Errorf("a write got %v", err)
		}
	})
}

func TestACutAnswerLeavesDoubtAboutAWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) { return 200, `{"jsonrpc": "2.0", "resu`, nil }}
		err := server.client(t).Write(t.Context(), "res.users", []int64{1}, Values{"name": "x"})
		if !errors.Is(err, ErrUncertain) || ClassOf(err) != Uncertain {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnEmptyAnswerIsNoEmptyList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answering{call: func(int, sentCall) (int, string, error) { return 200, `{"jsonrpc": "2.0", "id": 1}`, nil }}
		var rows []map[string]any
		err := server.client(t).SearchRead(t.Context(), "res.users", nil, ReadOptions{}, &rows)
		if !errors.Is(err, ErrProtocol) {
			t.Errorf("got %v and %v", rows, err)
		}
	})
}

func TestPagesOverTheLimitAreAskedForInSmallerOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		row := strings.Repeat("x", 400)
		server := &answering{call: func(_ int, call sentCall) (int, string, error) {
			above := int64(call.positional[0].([]any)[1].([]any)[2].(float64))
			rows := []map[string]any{}
			for id := above + 1; id <= 50 && len(rows) < int(call.named["limit"].(float64)); id++ {
				rows = append(rows, map[string]any{"id": id, "name": row})
			}
			return 200, result(rows), nil
		}}
		client := server.client(t, func(config *Config) { config.MaxResponseBytes = 5000 })
		var read []int64
		for page, err := range SearchReadPages[struct {
			ID int64 `odoo:"id"`
		}](t.Context(), client, "x", Where("active", "=", true), ReadOptions{}, 40) {
			if err != nil {
				t.Fatal(err)
			}
			for _, record := range page {
				read = append(read, record.ID)
			}
		}
		if len(read) != 50 || read[0] != 1 || read[49] != 50 || len(server.calls) > 9 {
			t.Errorf("%d records in %d calls: %v", len(read), len(server.calls), read)
		}
	})
}
