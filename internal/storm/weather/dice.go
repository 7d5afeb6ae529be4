// Package weather is what stands between the bridge and the simulated servers: a proxy
// that spoils requests and answers, and a postman who delivers webhooks badly.
package weather

import (
	"maps"
	"math/rand/v2"
	"sync"
	"time"
)

// Dice choose by seed, for many at once, and count what they chose.
type Dice struct {
	mu     sync.Mutex
	random *rand.Rand
	counts map[string]int
}

// NewDice makes the dice of a seed; stream keeps those of different uses apart.
func NewDice(seed, stream uint64) *Dice {
	return &Dice{random: rand.New(rand.NewPCG(seed, stream)), counts: map[string]int{}} //nolint:gosec // Weather, not a secret.
}

// Chance is true with probability p.
func (d *Dice) Chance(p float64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.Float64() < p
}

// Below is a number from 0 to n-1.
func (d *Dice) Below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.IntN(n)
}

// Between is a time between two others.
func (d *Dice) Between(least, most time.Duration) time.Duration {
	if most <= least {
		return least
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return least + time.Duration(d.random.Int64N(int64(most-least)))
}

// Around is a random time whose mean is given, at most three times that.
func (d *Dice) Around(mean time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return min(time.Duration(d.random.ExpFloat64()*float64(mean)), 3*mean)
}

// Note counts something that was done.
func (d *Dice) Note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts[what]++
}

// Counts tells how often what was done.
func (d *Dice) Counts() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.counts)
}
