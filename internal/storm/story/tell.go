package story

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// teller makes up a story.
type teller struct {
	random *rand.Rand
	length time.Duration
	story  Story
	serial int
}

// The share of a two-minute storm; a longer one has more of each.
const (
	deadlinesIn2Minutes = 36
	tasksIn2Minutes     = 10
	ownIn2Minutes       = 8
)

// Tell makes up the story of a seed.
func Tell(seed uint64, length time.Duration) Story {
	t := &teller{
		random: rand.New(rand.NewPCG(seed, 1)), //nolint:gosec // A story, not a secret.
		length: length, story: Story{Seed: seed, Length: length},
	}
	share := length.Minutes() / 2
	for i := range t.many(deadlinesIn2Minutes, share, 480) {
		t.deadline(i)
	}
	for i := range t.many(tasksIn2Minutes, share, 100) {
		t.task(i)
	}
	for i := range t.many(ownIn2Minutes, share, 100) {
		t.own(i)
	}
	slices.SortStableFunc(t.story.Acts, func(a, b Act) int { return int(a.At - b.At) })
	return t.story
}

// many is how many records of a kind there are.
func (t *teller) many(in2Minutes int, share float64, limit int) int {
	return min(limit, max(in2Minutes/2, int(float64(in2Minutes)*share)))
}

// script collects the acts of one record; they get their times at the end.
type script struct {
	*teller
	record Record
	acts   []Act
}

func (t *teller) begin(handle string, nature Nature) *script {
	return &script{teller: t, record: Record{Handle: handle, Nature: nature}}
}

func (s *script) do(kind Kind, value string) *script {
	return s.act(Act{Kind: kind, Value: value})
}

func (s *script) act(a Act) *script {
	a.Record, a.Actor = s.record.Handle, pick(s.teller, "maria", "jose")
	s.acts = append(s.acts, a)
	return s
}

// end spreads the acts over the storm: the first for most records at its beginning,
// the others in their order, often close together.
func (s *script) end() {
	at := make([]time.Duration, len(s.acts))
	for i := range at {
		at[i] = s.moment(0.05, 0.95)
		if i > 0 && s.chance(0.3) {
			at[i] = at[i-1] + time.Duration(s.random.IntN(1500))*time.Millisecond
		}
	}
	if s.chance(0.7) {
		at[0] = 0
	}
	slices.Sort(at)
	for i := range s.acts {
		s.acts[i].At = at[i]
	}
	s.story.Records = append(s.story.Records, s.record)
	s.story.Acts = append(s.story.Acts, s.acts...)
}

func (t *teller) moment(from, to float64) time.Duration {
	return time.Duration((from + (to-from)*t.random.Float64()) * float64(t.length))
}

func (t *teller) chance(p float64) bool { return t.random.Float64() < p }

func pick[T any](t *teller, of ...T) T { return of[t.random.IntN(len(of))] }

// word is a text that no other act uses.
func (t *teller) word(what string) string {
	t.serial++
	return fmt.Sprintf("%s %d", what, t.serial)
}

func (t *teller) html(what string) string { return "<p>" + t.word(what) + "</p>" }

// farDay is a day that no clock of a storm comes near.
func (t *teller) farDay() string {
	return fmt.Sprintf("2098-%02d-%02d", 1+t.random.IntN(12), 1+t.random.IntN(28))
}
