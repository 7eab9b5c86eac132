package mesh

import (
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errorDomain is google.rpc.ErrorInfo.domain of every error that cardlane means.
const errorDomain = "cardlane"

// Explain gives an error of a call in words: the code of cardlane's table, how sure it is that
// nothing happened, what to do next, and what the other details say. One line each.
func Explain(err error) string {
	state, ok := status.FromError(err)
	if !ok {
		return err.Error()
	}
	lines := []string{fmt.Sprintf("%s: %s", state.Code(), state.Message())}
	for _, detail := range state.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			if d.Domain == errorDomain {
				lines[0] = fmt.Sprintf("%s (%s): %s", d.Reason, state.Code(), state.Message())
				lines = append(lines,
					"certainty  "+words(d.Metadata["certainty"]),
					"next step  "+words(d.Metadata["next_step"]))
			}
		case *errdetails.BadRequest:
			for _, violation := range d.FieldViolations {
				lines = append(lines, fmt.Sprintf("field      %s: %s", violation.Field, violation.Description))
			}
		case *errdetails.RetryInfo:
			lines = append(lines, fmt.Sprintf("retry in   %v", d.RetryDelay.AsDuration()))
		}
	}
	return strings.Join(lines, "\n")
}

// IsUnavailable reports whether the same call may be made again, on another connection.
func IsUnavailable(err error) bool { return status.Code(err) == codes.Unavailable }

func words(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", " ")) }
