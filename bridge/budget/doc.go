// Package budget is a plane.Budget that all replicas share through PostgreSQL.
package budget
