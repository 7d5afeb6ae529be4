package terminal

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
)

// plainStyle has no lines, no colours and no headings: what is printed may go to a
// terminal, a log or another program.
var plainStyle = table.Style{Box: table.BoxStyle{PaddingRight: "  "}}

// Table prints rows with their columns under each other, as wide as a terminal
// shows them, each row on one line whatever texts from outside are in it.
func Table(w io.Writer, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	lines := table.NewWriter()
	lines.SetStyle(plainStyle)
	lines.SuppressTrailingSpaces()
	for _, row := range rows {
		cells := make(table.Row, len(row))
		for i, cell := range row {
			cells[i] = onOneLine(fmt.Sprint(cell))
		}
		lines.AppendRow(cells)
	}
	_, err := io.WriteString(w, lines.Render()+"\n")
	return err
}
