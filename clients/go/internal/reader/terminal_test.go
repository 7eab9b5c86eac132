package reader

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	"github.com/cardlane/cardlane/clients/go/internal/durable"
	"github.com/cardlane/cardlane/clients/go/internal/testcards"
	"github.com/cardlane/cardlane/clients/go/internal/testmesh"
	"github.com/cardlane/cardlane/clients/go/salt"
)

// openReader opens a reader whose files are in directory.
func openReader(t *testing.T, mesh *testmesh.Mesh, directory string, change func(*Options)) *Reader {
	t.Helper()
	files, err := durable.Open(directory)
	must(t, err)
	t.Cleanup(func() { _ = files.Close() })
	card, err := testcards.Find("visa")
	must(t, err)
	options := Options{
		Certificate: mesh.ReaderCertificate(nil), Roots: mesh.Roots,
		Identity: mesh.ReaderIdentity, Signing: mesh.ReaderSigning,
		Card: card, Now: time.Now, Random: rand.Reader,
	}
	if change != nil {
		change(&options)
	}
	opened, err := Open(options, files, func() ([]byte, error) {
		return append([]byte(nil), mesh.InitialKey...), nil
	})
	must(t, err)
	return opened
}

// terminal is the other side of a session, for tests.
type terminal struct {
	t       *testing.T
	stream  grpc.BidiStreamingClient[readerv1.SessionRequest, readerv1.SessionResponse]
	channel *salt.Channel
	hello   *readerv1.ReaderHello
}

// serveReader gives a way to open streams to the reader.
func serveReader(t *testing.T, served *Reader) readerv1.ReaderServiceClient {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	readerv1.RegisterReaderServiceServer(server, served)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	connection, err := grpc.NewClient("passthrough:///reader",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return listener.DialContext(ctx)
		}),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	return readerv1.NewReaderServiceClient(connection)
}

// credentials are what a terminal shows.
type credentials struct {
	certificate *keysv1.SignedEnvelope
	identity    ed25519.PrivateKey
	manifest    *keysv1.DelegatedManifest
	// readerDigest replaces the digest of the reader's certificate in the Hello.
	readerDigest []byte
}

// connect shakes hands. It fails with the status of the stream when the reader refuses.
func connect(t *testing.T, client readerv1.ReaderServiceClient, own credentials, serial []byte) (*terminal, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	stream, err := client.Session(ctx)
	must(t, err)
	s := &terminal{t: t, stream: stream}
	m1, err := stream.Recv()
	must(t, err)
	server, err := salt.NewServer(rand.Reader, own.identity, m1.Salt, time.Now())
	must(t, err)
	s.frame(&readerv1.SessionRequest{Frame: &readerv1.SessionRequest_Salt{Salt: server.M2}})
	s.frame(&readerv1.SessionRequest{
		Frame: &readerv1.SessionRequest_TerminalCertificate{TerminalCertificate: own.certificate},
	})
	s.frame(&readerv1.SessionRequest{Frame: &readerv1.SessionRequest_Salt{Salt: server.M3}})
	m4, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	s.channel, err = server.ReceiveM4(m4.Salt, time.Now())
	must(t, err)
	s.hello = s.hear().GetHello()
	digest := own.readerDigest
	if digest == nil {
		digest = serial
	}
	s.say(&readerv1.TerminalMessage{Message: &readerv1.TerminalMessage_Hello{
		Hello: &readerv1.TerminalHello{ReaderCertificateDigest: digest, Manifest: own.manifest},
	}})
	return s, nil
}

func (s *terminal) frame(frame *readerv1.SessionRequest) {
	s.t.Helper()
	must(s.t, s.stream.Send(frame))
}

func (s *terminal) say(message *readerv1.TerminalMessage) {
	s.t.Helper()
	data, err := proto.Marshal(message)
	must(s.t, err)
	packet, err := s.channel.Seal(data, time.Now())
	must(s.t, err)
	s.frame(&readerv1.SessionRequest{Frame: &readerv1.SessionRequest_Salt{Salt: packet}})
}

// hear gives the next message that is not a sign of life.
func (s *terminal) hear() *readerv1.ReaderMessage {
	s.t.Helper()
	for {
		frame, err := s.stream.Recv()
		must(s.t, err)
		data, err := s.channel.Open(frame.Salt, time.Now())
		must(s.t, err)
		message := new(readerv1.ReaderMessage)
		must(s.t, proto.Unmarshal(data, message))
		if message.GetHeartbeat() == nil {
			return message
		}
	}
}

// hearUntil skips events and gives the first message that get finds something in.
func hearUntil[Part any](s *terminal, get func(*readerv1.ReaderMessage) *Part) *Part {
	s.t.Helper()
	for {
		message := s.hear()
		if part := get(message); part != nil {
			return part
		}
		if message.GetEvent() == nil && message.GetPrepared() == nil {
			s.t.Fatalf("unexpected %T: %v", message.Message, message)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
