package till

import (
	"context"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	relayv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/relay/v1"
	"github.com/cardlane/cardlane/clients/go/mesh"
)

// retryAfter is how long a watch waits before it goes on at a relay that was not there.
const retryAfter = time.Second

// Connect opens a connection. Each conversation has its own: a line that fell silent stays so.
type Connect func() (*grpc.ClientConn, error)

// Watch prints every change of every record, in order, until ctx ends or count were printed; 0 is no
// limit. It outlives a relay that restarts and a line that falls silent: it goes on from the last
// position it has heard.
func Watch(ctx context.Context, connect Connect, after uint64, count int, out io.Writer) error {
	watch := &watching{
		request:  &relayv1.WatchPaymentsRequest{AfterSequence: after, FromNow: after == 0},
		interval: mesh.SignOfLife, count: count, out: out,
	}
	return watch.run(ctx, connect)
}

type watching struct {
	request *relayv1.WatchPaymentsRequest
	// interval is how often the relay speaks.
	interval       time.Duration
	count, printed int
	out            io.Writer
}

func (w *watching) run(ctx context.Context, connect Connect) error {
	for {
		err := w.once(ctx, connect)
		switch {
		case err == nil || ctx.Err() != nil:
			return nil
		case !mesh.IsUnavailable(err):
			return err
		}
		fmt.Fprintln(w.out, "the relay went away; going on when it is back")
		select {
		case <-time.After(retryAfter):
		case <-ctx.Done():
			return nil
		}
	}
}

// once ends without an error when enough was printed.
func (w *watching) once(ctx context.Context, connect Connect) error {
	connection, err := connect()
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := relayv1.NewRelayServiceClient(connection).WatchPayments(ctx, w.request)
	if err != nil {
		return err
	}
	for {
		change, err := mesh.Receive(cancel, w.interval, stream.Recv)
		if err != nil {
			return err
		}
		// A sign of life has a position alone; relays of earlier versions give none.
		if heard := max(change.Position, change.Sequence); heard > 0 {
			w.request = &relayv1.WatchPaymentsRequest{AfterSequence: heard}
		}
		if change.Sequence == 0 {
			continue
		}
		ShowChange(w.out, change)
		if w.printed++; w.printed == w.count {
			return nil
		}
	}
}
