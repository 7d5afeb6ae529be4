package bir

import "strings"

// What the names of the flow's labels begin with.
const (
	labelArea   = "area:"
	labelForm   = "form:"
	labelStatus = "status:"
	labelRisk   = "risk:"
)

// labelColors tell the kinds of labels apart on a board.
var labelColors = map[string]string{
	labelArea: "#64748b", labelForm: "#0ea5e9", labelStatus: "#8b5cf6", labelRisk: "#dc2626",
}

// LabelColor is the colour that a label of the flow is made with. One that is there
// already keeps the colour that it has.
func (f *Flow) LabelColor(name string) string {
	kind, _, _ := strings.Cut(name, ":")
	return labelColors[kind+":"]
}
