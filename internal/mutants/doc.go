// Package mutants breaks the program on purpose, one small way at a time, and sees
// that a test fails: what nobody would notice is held by nothing. A breakage is a text
// in testdata/mutants.yaml that takes the place of another; it is laid over the
// sources for one run of the compiler and never written into them.
package mutants
