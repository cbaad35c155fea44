// Package aethergrid takes part in an Aether Grid: it produces events, follows runs, and serves what
// others ask for.
package aethergrid

import "errors"

var (
	// ErrDenied is Kafka refusing these credentials, or what they may do, or a broker for which nobody
	// vouches; nothing was written.
	ErrDenied = errors.New("aether: denied")
	// ErrUnreachable is a broker or registry that did not answer; nothing was written.
	ErrUnreachable = errors.New("aether: unreachable")
	// ErrUnknown is an event that was not acknowledged in time: it may or may not be in the log.
	ErrUnknown = errors.New("aether: not acknowledged")
	// ErrBadEvent is a value that does not fit its schema, or is too large, or bytes that are not what
	// their schema says.
	ErrBadEvent = errors.New("aether: bad event")
)

// Refused is the answer no; a handler returns it to refuse what it was asked.
type Refused struct {
	Reason, Detail string // a code, and words
}

func (r *Refused) Error() string { return "aether: " + r.Reason + ": " + r.Detail }

// RunFailed is a run that ended without an answer.
type RunFailed struct {
	Reason, Detail string
}

func (r *RunFailed) Error() string { return "aether: the run failed: " + r.Reason + ": " + r.Detail }
