package mesh

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// SignOfLife is how often a server speaks on a stream, if only to say that it is there.
const SignOfLife = 10 * time.Second

// silentIntervals of the server without a word make a line dead.
const silentIntervals = 2.5

// Receive waits for the next message of a stream whose server speaks every interval; 0: one that
// does not promise to. A line on which nothing is heard for two and a half intervals is dead: cancel,
// which ends the stream, is called, and the error is Unavailable. What was sent meanwhile went
// nowhere, and the next attempt needs another connection, because this one goes on being silent.
func Receive[M any](
	cancel context.CancelFunc, interval time.Duration, receive func() (M, error),
) (M, error) {
	if interval == 0 {
		return receive()
	}
	limit := time.Duration(silentIntervals * float64(interval))
	timer := time.AfterFunc(limit, cancel)
	message, err := receive()
	if isSilent := !timer.Stop(); isSilent && err != nil {
		return message, status.Errorf(codes.Unavailable, "nothing heard for %v", limit)
	}
	return message, err
}
