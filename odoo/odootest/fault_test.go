package odootest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestFaultsTakeEffectAsTheySay writes once under each fault and looks whether the write is there.
func TestFaultsTakeEffectAsTheySay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		fault   Fault
		failure string
		effect  bool
	}{
		{"error object", Fault{Kind: ErrorObject, Name: "odoo.exceptions.UserError", Message: "no"}, "UserError: no", false},
		{"bad gateway", Fault{Kind: BadGateway}, "status 502", false},
		{"gateway timeout", Fault{Kind: GatewayTimeout}, "status 504", true},
		{"cut before", Fault{Kind: CutBefore}, io.ErrUnexpectedEOF.Error(), false},
		{"cut after", Fault{Kind: CutAfter}, io.ErrUnexpectedEOF.Error(), true},
		{"conflict", Fault{Kind: SerializationFailure}, "SerializationFailure", false},
		{"pool", Fault{Kind: PoolExhausted}, "PoolError", false},
		{"database", Fault{Kind: DatabaseGone}, "OperationalError", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := recordedServer()
			s.Fail(c.fault)
			_, err := tryRPC(s.RoundTripper(), s.Admin(), deadlineModel, "write", []any{[]int64{1}, map[string]any{"name": "new"}}, nil)
			if err == nil || !strings.Contains(err.Error(), c.failure) {
				t.Errorf("error %v, want %s", err, c.failure)
			}
			if took := s.Deadlines()[0].Name == "new"; took != c.effect {
				t.Errorf("effect %t, want %t", took, c.effect)
			}
			if s.FaultsLeft() != 0 {
				t.Error("the fault is still waiting")
			}
		})
	}
}

func TestFaultHitsOnlyTheCallsItNames(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	s.Fail(Fault{Kind: BadGateway, Model: deadlineModel, Method: "write", Skip: 1})
	rpc(t, s, deadlineModel, "search_count", []any{})
	rpc(t, s, deadlineModel, "write", []int64{1}, map[string]any{"name": "passes"})
	if _, err := tryRPC(s.RoundTripper(), s.Admin(), deadlineModel, "write", []any{[]int64{1}, map[string]any{}}, nil); err == nil {
		t.Error("the second write passed")
	}
}

func TestLoadConflictAnswersWithoutIDs(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	s.Fail(Fault{Kind: LoadConflict})
	result := rpc(t, s, deadlineModel, "load", []string{".id", "name"}, []any{[]any{"1", "new"}})
	answer, ok := result.(map[string]any)
	if !ok || answer["ids"] != false || s.Deadlines()[0].Name == "new" {
		t.Errorf("answer %v, name %s", result, s.Deadlines()[0].Name)
	}
}

func TestDelayedCallGoesOnWhenTheCallerHangsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := recordedServer()
		release := make(chan struct{})
		s.Fail(Fault{Kind: Delayed, Release: release})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		transport := boundTo{ctx, s.RoundTripper()}
		_, err := tryRPC(transport, s.Admin(), deadlineModel, "write", []any{[]int64{1}, map[string]any{"name": "late"}}, nil)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		close(release)
		synctest.Wait()
		if s.Deadlines()[0].Name != "late" {
			t.Error("the write was lost with its caller")
		}
	})
}

type boundTo struct {
	ctx   context.Context
	inner http.RoundTripper
}

func (b boundTo) RoundTrip(r *http.Request) (*http.Response, error) {
	return b.inner.RoundTrip(r.WithContext(b.ctx))
}

func TestDownRefusesConnections(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	s.Down(true)
	if _, err := tryRPC(s.RoundTripper(), s.Admin(), deadlineModel, "search_count", []any{[]any{}}, nil); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v", err)
	}
	s.Down(false)
	rpc(t, s, deadlineModel, "search_count", []any{})
}

func TestSocketsAreClosedAfterEachAnswer(t *testing.T) {
	t.Parallel()
	s := recordedServer()
	real := httptest.NewServer(s)
	defer real.Close()
	response, err := real.Client().Get(real.URL + "/web/health")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if !response.Close {
		t.Error("the connection stays open")
	}
	s.Down(true)
	if again, err := real.Client().Get(real.URL + "/web/health"); err == nil {
		again.Body.Close()
		t.Error("a server that is down answered")
	}
}

func TestOldServersHaveNoJSON2(t *testing.T) {
	t.Parallel()
	s := New(Options{Version: 18})
	request := httptest.NewRequest(http.MethodPost, "/json/2/res.company/search_count", strings.NewReader(`{"domain":[]}`))
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, request)
	if answer.Code != http.StatusNotFound || !strings.Contains(answer.Header().Get("Content-Type"), "html") {
		t.Errorf("answer %d %s", answer.Code, answer.Header().Get("Content-Type"))
	}
}

func TestPageShowsTheDeadlines(t *testing.T) {
	t.Parallel()
	answer := httptest.NewRecorder()
	recordedServer().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "1702RT - 2026") {
		t.Errorf("answer %d %s", answer.Code, answer.Body)
	}
}
