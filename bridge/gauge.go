package bridge

// Gauge is a metric that is read from the database at each scrape, so that every
// replica shows the same and a restart loses nothing.
type Gauge struct {
	Name, Help string
	Labels     []string
	// SQL gives a row for each combination of labels: the first label, the second or an
	// empty text, and the count. What is not there is shown as 0, so that a missing count
	// always means that the database could not be asked.
	SQL string
}
