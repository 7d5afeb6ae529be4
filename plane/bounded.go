package plane

import (
	"errors"
	"io"
	"slices"
)

// An answer is read in pieces that grow up to a size, and is put together when it has ended: one that is cut off at
// the limit has cost the limit twice, and no more. io.ReadAll leaves behind five times what it has read.
const (
	firstPiece   = 8 << 10
	largestPiece = 1 << 20
)

// readUpTo reads at most so many bytes.
func readUpTo(from io.Reader, most int64) ([]byte, error) {
	from = io.LimitReader(from, most)
	var pieces [][]byte
	size := firstPiece
	piece := make([]byte, 0, size)
	for {
		n, err := from.Read(piece[len(piece):cap(piece)])
		piece = piece[:len(piece)+n]
		switch {
		case errors.Is(err, io.EOF):
			return slices.Concat(append(pieces, piece)...), nil
		case err != nil:
			return nil, err
		case len(piece) == cap(piece):
			pieces, size = append(pieces, piece), min(2*size, largestPiece)
			piece = make([]byte, 0, size)
		}
	}
}
