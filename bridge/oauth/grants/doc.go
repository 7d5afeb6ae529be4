// Package grants keeps what people granted to a Plane app: the rows of it, and the
// sealing of their tokens. It is the only room with SQL for them.
package grants
