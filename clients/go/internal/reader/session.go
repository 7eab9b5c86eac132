package reader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	meshv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/mesh/v1"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	"github.com/cardlane/cardlane/clients/go/salt"
	"github.com/cardlane/cardlane/clients/go/trust"
)

const (
	saltMax       = 8192
	handshakeMax  = 10 * time.Second
	heartbeat     = 10 * time.Second
	silenceMax    = 25 * time.Second
	firmware      = "cardlane-go-reader 0.1.0"
	drainGraceMs  = 10_000
	stepCheckTime = time.Second
)

type serverStream = grpc.BidiStreamingServer[readerv1.SessionRequest, readerv1.SessionResponse]

// session is one terminal's session, run by one goroutine. Nothing is obeyed before both Hellos have
// named both certificates, and whatever is wrong looks the same from outside.
type session struct {
	*Reader
	stream   serverStream
	frames   <-chan *readerv1.SessionRequest
	channel  *salt.Channel
	terminal *trust.Terminal
	lastSent time.Time
}

// Session implements cardlane.reader.v1.ReaderService.
func (r *Reader) Session(stream serverStream) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	s := &session{Reader: r, stream: stream, frames: receive(ctx, stream)}
	err := s.run(ctx)
	if s.channel != nil {
		s.channel.Close()
	}
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return nil
	}
	slog.Warn("terminal session refused", "reason", reason(err)) // For the security log alone.
	return status.Error(codes.Unauthenticated, "session refused")
}

// receive gives the frames until the terminal half-closes or the stream is cut.
func receive(ctx context.Context, stream serverStream) <-chan *readerv1.SessionRequest {
	frames := make(chan *readerv1.SessionRequest)
	go func() {
		defer close(frames)
		for {
			frame, err := stream.Recv()
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

func (s *session) run(ctx context.Context) error {
	handshake, cancel := context.WithTimeout(ctx, handshakeMax)
	defer cancel()
	if err := s.shakeHands(handshake); err != nil {
		return err
	}
	attached, detach := s.attach()
	defer detach()
	slog.Info("terminal session open",
		"terminalId", s.terminal.TerminalId, "merchantId", s.terminal.MerchantId)
	return s.serve(ctx, attached)
}

// serve goes on until the terminal closes, another terminal takes its place, or something is wrong.
func (s *session) serve(ctx context.Context, attached context.Context) error {
	ticker := time.NewTicker(stepCheckTime)
	defer ticker.Stop()
	lastHeard, stopping, isDraining := time.Now(), s.stopping, false
	for {
		select {
		case frame, ok := <-s.frames:
			if !ok {
				return io.EOF
			}
			lastHeard = time.Now()
			if err := s.hear(frame); err != nil {
				return err
			}
		case now := <-ticker.C:
			if now.Sub(lastHeard) > silenceMax {
				return errors.New("nothing heard")
			}
			if err := s.pulse(now); err != nil {
				return err
			}
		case <-attached.Done():
			return s.close()
		case <-stopping:
			stopping, isDraining = nil, true
			drain := &meshv1.Drain{
				Reason: meshv1.DrainReason_DRAIN_REASON_SHUTDOWN, GraceMs: drainGraceMs,
			}
			message := &readerv1.ReaderMessage_Drain{Drain: drain}
			if err := s.say(&readerv1.ReaderMessage{Message: message}); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		if isDraining && s.device.isIdle() {
			return s.close()
		}
	}
}

func (s *session) pulse(now time.Time) error {
	if err := s.sayAll(s.device.expire()); err != nil {
		return err
	}
	if now.Sub(s.lastSent) < heartbeat {
		return nil
	}
	beat := &meshv1.Heartbeat{SentAtMs: s.Now().UnixMilli()}
	return s.say(&readerv1.ReaderMessage{Message: &readerv1.ReaderMessage_Heartbeat{Heartbeat: beat}})
}

func (s *session) hear(frame *readerv1.SessionRequest) error {
	message, err := s.open(frame)
	if err != nil {
		return err
	}
	switch m := message.Message.(type) {
	case *readerv1.TerminalMessage_Heartbeat:
		return nil
	case *readerv1.TerminalMessage_Close:
		return s.close()
	case *readerv1.TerminalMessage_Manifest:
		s.device.mu.Lock()
		defer s.device.mu.Unlock()
		s.takeManifest(m)
		return nil
	case *readerv1.TerminalMessage_Hello, *readerv1.TerminalMessage_Drain, nil:
		return fmt.Errorf("unexpected message %T", m)
	}
	said := s.device.obey(s.terminal, message)
	logSteps(message, said)
	return s.sayAll(said)
}

// takeManifest: a manifest that is refused leaves the one that is here; without a valid one the next
// payment says so.
func (s *session) takeManifest(message *readerv1.TerminalMessage_Manifest) {
	if err := s.device.manifest.offer(message.Manifest, s.Now()); err != nil {
		slog.Warn("key manifest refused", "reason", err)
	}
}

func (s *session) close() error {
	err := s.say(&readerv1.ReaderMessage{
		Message: &readerv1.ReaderMessage_Close{Close: &meshv1.Close{}},
	})
	return errors.Join(err, io.EOF)
}

func (s *session) sayAll(messages says) error {
	for _, message := range messages {
		if err := s.say(message); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) say(message *readerv1.ReaderMessage) error {
	data, err := proto.Marshal(message)
	if err != nil {
		return err
	}
	packet, err := s.channel.Seal(data, time.Now())
	if err != nil {
		return err
	}
	return s.sendSalt(packet)
}

func (s *session) sendSalt(packet []byte) error {
	s.lastSent = time.Now()
	return s.stream.Send(&readerv1.SessionResponse{Salt: packet})
}

func (s *session) open(frame *readerv1.SessionRequest) (*readerv1.TerminalMessage, error) {
	packet, err := saltOf(frame)
	if err != nil {
		return nil, err
	}
	data, err := s.channel.Open(packet, time.Now())
	if err != nil {
		return nil, err
	}
	message := new(readerv1.TerminalMessage)
	return message, proto.Unmarshal(data, message)
}

func saltOf(frame *readerv1.SessionRequest) ([]byte, error) {
	packet, ok := frame.Frame.(*readerv1.SessionRequest_Salt)
	if !ok || len(packet.Salt) > saltMax {
		return nil, errors.New("not a Salt packet, or too large")
	}
	return packet.Salt, nil
}

func reason(err error) string {
	if refusal, ok := errors.AsType[*salt.RejectedError](err); ok {
		return refusal.Reason
	}
	return err.Error()
}

// logSteps names the steps of a payment, and nothing that was on the card.
func logSteps(heard *readerv1.TerminalMessage, said says) {
	slog.Info("terminal", "says", fmt.Sprintf("%T", heard.Message), "trace", heard.Traceparent)
	for _, one := range said {
		slog.Info("reader", "says", fmt.Sprintf("%T", one.Message))
	}
}
