package odoo

import (
	"errors"
	"fmt"
	"strings"
)

// Class says what a caller may do after an error.
type Class int

const (
	// Permanent: the same call fails again until somebody changes the data, the rights or the settings.
	Permanent Class = iota
	// Retryable: nothing was kept and the same call may succeed later.
	Retryable
	// Uncertain: the call may have been carried out although no answer said so. Read back before repeating it.
	Uncertain
)

// String returns "permanent", "retryable" or "uncertain".
func (c Class) String() string {
	switch c {
	case Permanent:
		return "permanent"
	case Retryable:
		return "retryable"
	case Uncertain:
		return "uncertain"
	}
	return fmt.Sprintf("Class(%d)", int(c))
}

// Kind names what went wrong. The values are errors, so a caller asks errors.Is(err, odoo.ErrMissing).
type Kind string

// Error makes a Kind usable with errors.Is.
func (k Kind) Error() string { return "odoo: " + string(k) }

// The kinds of errors. The same failure has the same kind over all three protocols, as far as the protocol tells them
// apart: XML-RPC answers UserError and ValidationError with one fault code, which is read as ErrUser.
const (
	// ErrDenied: login, password or API key refused, or the user is gone.
	ErrDenied Kind = "credentials refused"
	// ErrAccess: the user lacks the right, or the method is private.
	ErrAccess Kind = "not allowed"
	// ErrUser: a business rule of the model refused (odoo.exceptions.UserError).
	ErrUser Kind = "refused by the model"
	// ErrValidation: values refused: a constraint, a unique key, a required field, or a row of load().
	ErrValidation Kind = "values refused"
	// ErrMissing: the record does not exist any more.
	ErrMissing Kind = "record missing"
	// ErrUnknownModel: the server has no such model; usually a module is not installed.
	ErrUnknownModel Kind = "unknown model"
	// ErrUnknownMethod: the model has no such method.
	ErrUnknownMethod Kind = "unknown method"
	// ErrValue: a mistake in the call: unknown field, bad selection value, bad date, unknown argument. Also a value
	// that cannot be sent, and an answer that does not fit the Go type it is decoded into.
	ErrValue Kind = "bad value"
	// ErrServer: an exception on the server that fits no other kind.
	ErrServer Kind = "exception on the server"
	// ErrDatabase: Odoo cannot use its database now, or the database name is wrong: over JSON-2 both answer the same
	// 404 with an HTML page.
	ErrDatabase Kind = "database not available"
	// ErrConflict: another transaction touched the same rows at the same time.
	ErrConflict Kind = "concurrent update"
	// ErrBusy: the server is down, starting, or has no connection left.
	ErrBusy Kind = "server not available"
	// ErrTooLarge: the request is over the limit of Odoo (128 MiB) or of the proxy (nginx: 1 MB unless raised), or the
	// answer is over Config.MaxResponseBytes.
	ErrTooLarge Kind = "too large"
	// ErrUncertain: a timeout, a proxy's 504 or a cut connection: no answer came to a call that may have been sent.
	ErrUncertain Kind = "no answer"
	// ErrProtocol: what answered does not speak like Odoo: wrong address, a redirect, a page or other JSON in place of
	// data, a result of another sort than the method gives. It says nothing about any record; of a write that was
	// answered so nobody knows what became of it.
	ErrProtocol Kind = "not an Odoo answer"
)

// LoadMessage is one complaint of load() about one row.
type LoadMessage struct {
	// Row is the row's index in the call, counted from 0; -1 when the message is about the call as a whole.
	Row int
	// Field is the field's technical name, empty when the message is about the whole row.
	Field string
	// Type is "error" or "warning".
	Type string
	// Text is the message for people, cut in length.
	Text string
}

// Error is every failure of a call. Neither its text nor its fields hold a traceback, a secret or a body.
type Error struct {
	Class Class
	Kind  Kind
	// Name is the Python class as the server gave it ("odoo.exceptions.UserError"), empty when it gave none.
	Name string
	// Message is the server's text for people, in one line and cut in length.
	Message string
	// Status is the HTTP status, 0 when no answer came.
	Status int
	Model  string
	Method string
	// Messages are the rows that load() complained about.
	Messages []LoadMessage

	cause error
	// unsettled marks an exception that Odoo also raises while its models are being changed (see settling).
	unsettled bool
}

// Error reads "odoo: MODEL.METHOD: KIND: MESSAGE".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("odoo: ")
	if e.Model != "" {
		b.WriteString(e.Model + "." + e.Method + ": ")
	}
	b.WriteString(string(e.Kind))
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Status != 0 && e.Status != 200 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	return b.String()
}

// Unwrap gives the Kind, and the cause where there is one (context.Canceled, say).
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.cause}
}

// ClassOf returns the class of err; an error that is not the client's own is Permanent.
func ClassOf(err error) Class {
	var known *Error
	if errors.As(err, &known) {
		return known.Class
	}
	return Permanent
}
