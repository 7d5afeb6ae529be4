// Package contracttest holds the checks that keep documents, manifests and
// registries true to the program. It holds no code that is shipped: what can be
// seen from outside is checked on the running binary, and the rest by reading
// the files that operators read.
package contracttest
