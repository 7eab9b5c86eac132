package till

import (
	"context"
	"fmt"
	"io"
	"time"

	relayv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/relay/v1"
	"github.com/cardlane/cardlane/clients/go/mesh"
)

// retryAfter is how long a watch waits before it goes on at a relay that was not there.
const retryAfter = time.Second

// Watch prints every change of every record, in order, until ctx ends or count were printed; 0 is no
// limit. It outlives a relay that restarts: it goes on after the last sequence it has seen.
func Watch(
	ctx context.Context, client relayv1.RelayServiceClient, after uint64, count int, out io.Writer,
) error {
	request := &relayv1.WatchPaymentsRequest{AfterSequence: after, FromNow: after == 0}
	for printed := 0; ; {
		err := watchOnce(ctx, client, request, func(change *relayv1.WatchPaymentsResponse) bool {
			ShowChange(out, change)
			request.AfterSequence, request.FromNow = change.Sequence, false
			printed++
			return printed != count
		})
		switch {
		case err == nil || ctx.Err() != nil:
			return nil
		case !mesh.IsUnavailable(err):
			return err
		}
		fmt.Fprintln(out, "the relay went away; going on when it is back")
		select {
		case <-time.After(retryAfter):
		case <-ctx.Done():
			return nil
		}
	}
}

// watchOnce ends without an error when take has had enough.
func watchOnce(
	ctx context.Context, client relayv1.RelayServiceClient, request *relayv1.WatchPaymentsRequest,
	take func(*relayv1.WatchPaymentsResponse) bool,
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.WatchPayments(ctx, request)
	if err != nil {
		return err
	}
	for {
		change, err := stream.Recv()
		if err != nil {
			return err
		}
		isSignOfLife := change.Sequence == 0
		if !isSignOfLife && !take(change) {
			return nil
		}
	}
}
