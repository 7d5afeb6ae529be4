package plane

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func TestAnAnswerIsReadUpToTheLimit(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, firstPiece - 1, firstPiece, firstPiece + 1, 3 * largestPiece} {
		want := bytes.Repeat([]byte("a"), size)
		for name, from := range map[string]io.Reader{
			"at once": bytes.NewReader(want), "by halves": iotest.HalfReader(bytes.NewReader(want)), "with its end": iotest.DataErrReader(bytes.NewReader(want)),
		} {
			if got, err := readUpTo(from, 1<<30); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes %s: %d bytes, %v", size, name, len(got), err)
			}
		}
		if got, err := readUpTo(bytes.NewReader(want), int64(size/2)); err != nil || len(got) != size/2 {
			t.Errorf("%d of %d bytes wanted: %d, %v", size/2, size, len(got), err)
		}
	}
	cut := errors.New("the connection was cut")
	if _, err := readUpTo(io.MultiReader(strings.NewReader("half"), iotest.ErrReader(cut)), 1<<30); !errors.Is(err, cut) {
		t.Errorf("error = %v, want that the connection was cut", err)
	}
}

// endless is an answer that never ends.
type endless struct{}

func (endless) Read(into []byte) (int, error) { return len(into), nil }

// It measures what the whole process allocates and so runs alone.
func TestAnAnswerWithoutEndCostsAFewTimesTheLimit(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	body, err := readUpTo(endless{}, DefaultMaxBody+1)
	runtime.ReadMemStats(&after)
	if err != nil || int64(len(body)) != DefaultMaxBody+1 {
		t.Fatalf("%d bytes, %v", len(body), err)
	}
	if cost := int64(after.TotalAlloc - before.TotalAlloc); cost > 4*DefaultMaxBody {
		t.Errorf("%d MiB were allocated for a limit of %d", cost>>20, int64(DefaultMaxBody)>>20)
	}
}
