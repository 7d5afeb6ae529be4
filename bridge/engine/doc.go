// Package engine puts the rooms together and runs them: which job goes to whom, the
// schedules, the start and the stop.
package engine
