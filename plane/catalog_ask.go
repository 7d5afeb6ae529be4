package plane

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/singleflight"
)

// question is what some callers ask Plane together.
type question struct {
	waiting   int
	abandoned context.Context //nolint:containedctx // It ends with the last of those who wait.
	abandon   context.CancelFunc
}

// once asks Plane for something, or waits for the caller who is asking for it already. The question belongs to nobody: a
// caller that gives up does not take it away from the others, and the last one that gives up ends it. Each lane asks for
// itself, so that what a person waits for does not stand behind a sweep's place in the budget; and what another caller
// would not wait for is no answer for this one.
func once[T any](ctx context.Context, p *projectCatalog, what string, ask func(context.Context) (T, error)) (T, error) {
	for {
		mine := false
		answered, leave := p.join(ctx, what, func(ctx context.Context) (any, error) {
			mine = true
			return ask(ctx)
		})
		select {
		case answer := <-answered:
			leave()
			var busy *BusyError
			if mine || !errors.As(answer.Err, &busy) {
				value, _ := answer.Val.(T)
				return value, answer.Err
			}
		case <-ctx.Done():
			leave()
			var none T
			return none, fmt.Errorf("waiting for the catalog: %s: %w", what, ctx.Err())
		}
	}
}

// join asks, or waits with those who are asking. Whoever joins leaves.
func (p *projectCatalog) join(ctx context.Context, what string, ask func(context.Context) (any, error)) (answered <-chan singleflight.Result, leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := fmt.Sprint(LaneOf(ctx), " ", what)
	q := p.open[key]
	if q == nil {
		q = &question{}
		q.abandoned, q.abandon = context.WithCancel(context.Background())
		p.open[key] = q
	}
	q.waiting++
	answered = p.asking.DoChan(key, func() (answer any, err error) {
		defer func() {
			// It runs beside whoever asked. There a panic would end a job, here the process.
			if cause := recover(); cause != nil {
				err = fmt.Errorf("asking for %s of the catalog: panic: %v", what, cause)
			}
		}()
		asking, end := context.WithCancel(context.WithoutCancel(ctx))
		defer end()
		defer context.AfterFunc(q.abandoned, end)()
		return ask(asking)
	})
	return answered, func() {
		p.locked(func() {
			if q.waiting--; q.waiting > 0 {
				return
			}
			q.abandon()
			delete(p.open, key)
			p.asking.Forget(key)
		})
	}
}

// locked looks at what is known, or notes something.
func (p *projectCatalog) locked(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
}
