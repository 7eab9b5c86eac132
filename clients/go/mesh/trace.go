package mesh

import (
	"crypto/rand"
	"fmt"
	"regexp"
)

// Trace is a W3C trace context, version 00.
type Trace struct {
	// ID is 32 hexadecimal digits.
	ID     string
	spanID string
}

// NewTrace begins a trace.
func NewTrace() Trace {
	var random [24]byte
	_, _ = rand.Read(random[:]) // It never fails.
	return Trace{ID: fmt.Sprintf("%x", random[:16]), spanID: fmt.Sprintf("%x", random[16:])}
}

var traceparentShape = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)

// ParseTrace continues a trace that the environment or a caller began.
func ParseTrace(traceparent string) (Trace, bool) {
	match := traceparentShape.FindStringSubmatch(traceparent)
	if match == nil {
		return Trace{}, false
	}
	return Trace{ID: match[1], spanID: match[2]}, true
}

// Parent is the traceparent to send; the flag asks for the trace to be kept.
func (t Trace) Parent() string { return fmt.Sprintf("00-%s-%s-01", t.ID, t.spanID) }
