package world

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/internal/storm/story"
)

// Done is what became of an act. One that is not done yet needs something that is not
// there so far, such as the work item that the bridge has to make.
type Done struct {
	Done bool `json:"done"`
	// Model and ID name the record of Odoo that was changed.
	Model string `json:"model,omitempty"`
	ID    int64  `json:"id,omitempty"`
	Error string `json:"error,omitempty"`
}

// desk is where the storm tells what people do, and sees how everything stands.
func (s *servers) desk() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /act", func(w http.ResponseWriter, r *http.Request) {
		var act story.Act
		if err := json.NewDecoder(r.Body).Decode(&act); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, s.perform(act))
	})
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, r *http.Request) {
		answer(w, s.state())
	})
	mux.HandleFunc("POST /slow", func(w http.ResponseWriter, r *http.Request) {
		var delay time.Duration
		if err := json.NewDecoder(r.Body).Decode(&delay); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.plane.SlowCreates(delay)
		answer(w, struct{}{})
	})
	mux.HandleFunc("POST /quiesce", func(w http.ResponseWriter, r *http.Request) {
		if err := s.plane.Quiesce(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusGatewayTimeout)
			return
		}
		answer(w, struct{}{})
	})
	return mux
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // A caller that has gone needs no answer.
}

// perform does one act. The simulated Odoo panics where a test asks for the impossible.
func (s *servers) perform(act story.Act) (done Done) {
	defer func() {
		if cause := recover(); cause != nil {
			done = Done{Error: fmt.Sprint(cause)}
		}
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	if act.InOdoo() {
		return s.inOdoo(act)
	}
	return s.inPlane(act)
}
