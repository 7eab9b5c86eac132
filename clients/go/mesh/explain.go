package mesh

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errorDomain is google.rpc.ErrorInfo.domain of every error that cardlane means.
const errorDomain = "cardlane"

// Meaning is what the google.rpc details of an error say: what a program may act on.
type Meaning struct {
	// Code is one of cardlane's closed table.
	Code string
	// Certainty is FINAL when it is sure that nothing happened, otherwise UNKNOWN.
	Certainty string
	// NextStep is the name of a cardlane.payment.v1.NextStep without its prefix.
	NextStep string
	// Fields of the request that were wrong.
	Fields []*errdetails.BadRequest_FieldViolation
	// RetryAfter is when to come back; 0 when the error says nothing.
	RetryAfter time.Duration
}

// MeaningOf reads the details. It reports false for an error that is not cardlane's, such as a
// proxy's: nothing is sure then.
func MeaningOf(state *status.Status) (Meaning, bool) {
	var meaning Meaning
	isOurs := false
	for _, detail := range state.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			if d.Domain == errorDomain {
				isOurs = true
				meaning.Code = d.Reason
				meaning.Certainty, meaning.NextStep = d.Metadata["certainty"], d.Metadata["next_step"]
			}
		case *errdetails.BadRequest:
			meaning.Fields = append(meaning.Fields, d.FieldViolations...)
		case *errdetails.RetryInfo:
			meaning.RetryAfter = d.RetryDelay.AsDuration()
		}
	}
	return meaning, isOurs
}

// Explain gives an error of a call in words: the code of cardlane's table, how sure it is that
// nothing happened, what to do next, and what the other details say. One line each.
func Explain(err error) string {
	state, ok := status.FromError(err)
	if !ok {
		return err.Error()
	}
	meaning, isOurs := MeaningOf(state)
	lines := []string{fmt.Sprintf("%s: %s", state.Code(), state.Message())}
	if isOurs {
		lines = []string{
			fmt.Sprintf("%s (%s): %s", meaning.Code, state.Code(), state.Message()),
			"certainty  " + words(meaning.Certainty),
			"next step  " + words(meaning.NextStep),
		}
	}
	for _, violation := range meaning.Fields {
		lines = append(lines, fmt.Sprintf("field      %s: %s", violation.Field, violation.Description))
	}
	if meaning.RetryAfter > 0 {
		lines = append(lines, fmt.Sprintf("retry in   %v", meaning.RetryAfter))
	}
	return strings.Join(lines, "\n")
}

// IsUnavailable reports whether the same call may be made again, on another connection.
func IsUnavailable(err error) bool { return status.Code(err) == codes.Unavailable }

func words(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", " ")) }
