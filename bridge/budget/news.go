package budget

import "sync"

// news wakes those who wait in this process when an answer may have made room.
// Those in other processes find out when they look again.
type news struct {
	mu      sync.Mutex
	channel chan struct{}
}

// next returns a channel that is closed by the next tell.
func (n *news) next() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.channel == nil {
		n.channel = make(chan struct{})
	}
	return n.channel
}

func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.channel != nil {
		close(n.channel)
		n.channel = nil
	}
}
