package processor

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	meshv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/mesh/v1"
	processorv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/processor/v1"
	"github.com/cardlane/cardlane/clients/go/mesh"
)

const (
	protocolVersion  = 1
	heartbeatMs      = 10_000
	heartbeatMsMin   = 1_000
	heartbeatMsMax   = 60_000
	helloWithin      = 10 * time.Second
	silentIntervals  = 2.5
	drainGraceMs     = 30_000
	frameMax         = 1 << 20
	entriesMax       = 256
	boxesAtOnce      = 16
	programName      = "go-processor/0.1.0"
	pulseCheckPeriod = 500 * time.Millisecond
)

func helloOf(instance string) *meshv1.Hello {
	return &meshv1.Hello{
		Program: programName, Instance: instance, ProtocolVersion: protocolVersion,
		HeartbeatIntervalMs: heartbeatMs, FrameBytesMax: frameMax,
	}
}

func checkHello(hello *meshv1.Hello) error {
	if hello == nil {
		return status.Error(codes.InvalidArgument, "first frame must be hello")
	}
	if hello.ProtocolVersion != protocolVersion {
		return status.Errorf(codes.FailedPrecondition,
			"protocol_version must be %d, got %d", protocolVersion, hello.ProtocolVersion)
	}
	if ms := hello.HeartbeatIntervalMs; ms < heartbeatMsMin || ms > heartbeatMsMax {
		return status.Errorf(codes.InvalidArgument,
			"heartbeat_interval_ms must be %d to %d, got %d", heartbeatMsMin, heartbeatMsMax, ms)
	}
	return nil
}

type processStream = grpc.BidiStreamingServer[processorv1.ProcessRequest, processorv1.ProcessResponse]

// lane is one relay's stream.
type lane struct {
	*Processor
	stream processStream

	// sending guards what is sent and its numbering.
	sending  sync.Mutex
	lastSent time.Time
	nextBox  uint64

	working sync.WaitGroup
	// slots bound the boxes that are being worked on; the relay waits by flow control.
	slots chan struct{}
}

// Process implements ProcessorService.
func (p *Processor) Process(stream processStream) error {
	if !mesh.HasRole(stream.Context(), mesh.Relay) {
		return status.Error(codes.PermissionDenied, "relays only")
	}
	l := &lane{
		Processor: p, stream: stream, nextBox: 1, lastSent: time.Now(),
		slots: make(chan struct{}, boxesAtOnce),
	}
	err := l.run()
	l.working.Wait()
	return err
}

func (l *lane) run() error {
	ctx, cancel := context.WithCancel(l.stream.Context())
	defer cancel()
	frames := l.receive(ctx)
	interval, err := l.greet(frames)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(pulseCheckPeriod)
	defer ticker.Stop()
	silenceMax := time.Duration(silentIntervals * float64(interval))
	lastHeard, stopping := time.Now(), l.stopping
	var graceOver <-chan time.Time
	var received uint64
	for {
		select {
		case frame, ok := <-frames:
			if !ok {
				return status.Error(codes.Unavailable, "the stream ended without Close")
			}
			lastHeard = time.Now()
			switch f := frame.Frame.(type) {
			case *processorv1.ProcessRequest_Box:
				received++
				l.work(ctx, f.Box)
			case *processorv1.ProcessRequest_Close:
				return l.close(received)
			case *processorv1.ProcessRequest_Heartbeat:
			default:
				return status.Errorf(codes.InvalidArgument, "a relay sends no %T now", f)
			}
		case now := <-ticker.C:
			if now.Sub(lastHeard) > silenceMax {
				return status.Error(codes.Unavailable, "nothing heard")
			}
			if err := l.beat(now); err != nil {
				return err
			}
		case <-stopping:
			stopping, graceOver = nil, time.After(drainGraceMs*time.Millisecond)
			drain := &meshv1.Drain{
				Reason: meshv1.DrainReason_DRAIN_REASON_SHUTDOWN, GraceMs: drainGraceMs,
			}
			frame := &processorv1.ProcessResponse_Drain{Drain: drain}
			if err := l.send(&processorv1.ProcessResponse{Frame: frame}); err != nil {
				return err
			}
		case <-graceOver:
			return status.Error(codes.Unavailable, "the stream was drained")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *lane) receive(ctx context.Context) <-chan *processorv1.ProcessRequest {
	frames := make(chan *processorv1.ProcessRequest)
	go func() {
		defer close(frames)
		for {
			frame, err := l.stream.Recv()
			if err != nil {
				return
			}
			select {
			case frames <- frame:
			case <-ctx.Done():
				return
			}
		}
	}()
	return frames
}

// greet gives the relay's heartbeat interval.
func (l *lane) greet(frames <-chan *processorv1.ProcessRequest) (time.Duration, error) {
	select {
	case frame, ok := <-frames:
		if !ok {
			return 0, io.EOF
		}
		hello := frame.GetHello()
		if err := checkHello(hello); err != nil {
			return 0, err
		}
		answer := &processorv1.ProcessResponse_Hello{Hello: helloOf(l.instance)}
		interval := time.Duration(hello.HeartbeatIntervalMs) * time.Millisecond
		slog.Info("relay's stream is open", "program", hello.Program, "instance", hello.Instance)
		return interval, l.send(&processorv1.ProcessResponse{Frame: answer})
	case <-time.After(helloWithin):
		return 0, status.Error(codes.DeadlineExceeded, "no Hello came")
	}
}

func (l *lane) beat(now time.Time) error {
	l.sending.Lock()
	isSilent := now.Sub(l.lastSent) >= heartbeatMs*time.Millisecond
	l.sending.Unlock()
	if !isSilent {
		return nil
	}
	beat := &meshv1.Heartbeat{SentAtMs: time.Now().UnixMilli()}
	frame := &processorv1.ProcessResponse_Heartbeat{Heartbeat: beat}
	return l.send(&processorv1.ProcessResponse{Frame: frame})
}

// close answers what came before the relay's Close, then ends this side, too.
func (l *lane) close(received uint64) error {
	l.working.Wait()
	frame := &processorv1.ProcessResponse_Close{Close: &meshv1.Close{FramesReceived: received}}
	return l.send(&processorv1.ProcessResponse{Frame: frame})
}

// send numbers boxes in the order in which they go out.
func (l *lane) send(response *processorv1.ProcessResponse) error {
	l.sending.Lock()
	defer l.sending.Unlock()
	if box := response.GetBox(); box != nil {
		box.Number = l.nextBox
		l.nextBox++
	}
	l.lastSent = time.Now()
	return l.stream.Send(response)
}
