// Package odoo is a client for Odoo 17, 18 and 19.
//
// # One vocabulary, three protocols
//
// A [Client] speaks JSON-RPC, XML-RPC or JSON-2 with the same methods, values and errors. With [Auto] it takes JSON-2
// when the server is Odoo 19 or newer and the secret is an API key, else JSON-RPC; [Client.Connect] says what was chosen
// and why. XML-RPC is there for servers behind which nothing else is open; it tells fewer errors apart and has no null.
//
// # Errors
//
// Every failed call is an [*Error]. Its [Class] says what may be done: a Permanent error fails again, a Retryable one
// kept nothing and may pass later, after an Uncertain one the call may have been carried out, so read back first. Its
// [Kind] says what went wrong and works with errors.Is:
//
//	if errors.Is(err, odoo.ErrMissing) { … }
//
// Odoo hides errors in several places: inside HTTP 200, in the result of load() ("ids": false), in a 404 page when the
// database is away, in an XML-RPC fault after a commit. All of that ends in these two values. Tracebacks, secrets and
// bodies are never part of an error or a log line.
//
// # What Odoo does not tell
//
// Write and Unlink succeed for records that do not exist ([Client.WriteExisting] looks first). Create is not idempotent;
// [Client.Upsert] and [Client.LoadOnce] are, by external ids. A deleted record has lost its external id, so only the
// caller's memory keeps it from being made again. A write of equal values still moves write_date. Dates have no zone:
// cut them with [DateIn]. These were measured on Odoo 19.
//
// # Care for the server
//
// One authentication per client, four calls in flight, 60 seconds per call, bounded answers, no redirects. Reads are
// repeated when the server is busy or starting; writes never are, but for load(), which is safe.
package odoo
