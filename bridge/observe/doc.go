// Package observe shows how the bridge is: readiness, metrics, and logs without repeats.
package observe
