package bridge

import "context"

// Check is one thing that has to work. Its error is what an operator reads; a *Note
// is none.
type Check func(ctx context.Context) error

// Note is what a check returns that passed and has something to tell: somebody should
// look, and the bridge does its work all the same.
type Note struct{ Text string }

func (n *Note) Error() string { return n.Text }
