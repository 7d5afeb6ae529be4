package main

import (
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows a bar to a person when work takes longer than a second, and
// nothing to anything else.
type progress struct {
	to      io.Writer
	title   string
	total   int
	done    int
	started time.Time
	bars    *mpb.Progress
	bar     *mpb.Bar
}

func newProgress(to io.Writer, title string, total int) *progress {
	if !isTerminal(to) {
		to = nil
	}
	return &progress{to: to, title: title, total: total, started: time.Now()}
}

// Step notes that one more piece is done.
func (p *progress) Step() {
	p.done++
	if p.to == nil || time.Since(p.started) < slowAfter {
		return
	}
	if p.bar == nil {
		p.bars = mpb.New(mpb.WithOutput(p.to), mpb.WithWidth(60))
		// The time left follows from how long pieces took so far, and so from the
		// rate budget that they wait for.
		p.bar = p.bars.AddBar(int64(p.total),
			mpb.PrependDecorators(decor.Name(p.title+" "), decor.CountersNoUnit("%d / %d")),
			mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace)), mpb.BarRemoveOnComplete())
		p.bar.DecoratorAverageAdjust(p.started)
	}
	p.bar.SetCurrent(int64(p.done))
}

// Done takes the bar away.
func (p *progress) Done() {
	if p.bar == nil {
		return
	}
	p.bar.Abort(true)
	p.bars.Wait()
}
