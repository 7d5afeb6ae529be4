// Package terminal prints what commands have to say. Titles, errors of servers and
// bodies of webhooks are written by strangers: printed as they are, they could move the
// cursor, colour over a line, turn the direction of reading or add lines that look like
// the program's own. Every command prints through this package.
package terminal
