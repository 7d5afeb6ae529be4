// Package audit compares the links with what is in Plane, repairs what a person asks it
// to, imports an older mapping, and cancels duplicates that nobody touched.
package audit
