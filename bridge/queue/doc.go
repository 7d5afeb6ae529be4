// Package queue is the durable queue: the kinds of job, their retries, the workers that
// turn a verdict into what happens next, and what waits for a server until it is back.
// It is River's tables in schema ops, by the database's clock.
package queue
