package bridge

// Grade says how a finding stands.
type Grade string

// The grades of findings.
const (
	GradeOK   Grade = "ok"
	GradeNote Grade = "note" // works, but worth knowing
	GradeFail Grade = "fail" // the bridge cannot do its work
)

// Finding is one thing that a check looked at.
type Finding struct {
	Name  string `json:"name"`
	Grade Grade  `json:"grade"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // what to do about it; empty when nothing
}

// Fine is the finding of what is as it should be.
func Fine(name, found string) Finding { return Finding{Name: name, Grade: GradeOK, Found: found} }

// Noted is the finding of what works and is worth knowing.
func Noted(name, found, do string) Finding {
	return Finding{Name: name, Grade: GradeNote, Found: found, Do: do}
}

// Failed is the finding of what keeps the bridge from its work.
func Failed(name string, err error, do string) Finding {
	return Finding{Name: name, Grade: GradeFail, Found: err.Error(), Do: do}
}

// CountGrade counts the findings of a grade.
func CountGrade(findings []Finding, grade Grade) int {
	n := 0
	for _, finding := range findings {
		if finding.Grade == grade {
			n++
		}
	}
	return n
}
