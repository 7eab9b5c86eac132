package processor

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	meshv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/mesh/v1"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	processorv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/processor/v1"
	relayv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/relay/v1"
	"github.com/cardlane/cardlane/clients/go/internal/testmesh"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/sealed"
	"github.com/cardlane/cardlane/clients/go/strictsig"
	"github.com/cardlane/cardlane/clients/go/trust"
)

const recordNumber = "A1000000000C"

// relay is the other side of stream 3, with the reader behind it, for tests.
type relay struct {
	*testmesh.Mesh
	t         *testing.T
	processor *Processor
	registry  processorv1.ProcessorRegistryServiceClient
	stream    grpc.BidiStreamingClient[processorv1.ProcessRequest, processorv1.ProcessResponse]
	hop       *sealed.Hop
	manifest  *trust.Manifest
	boxes     uint64
	entries   uint64
	counter   uint64
	now       time.Time
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	r := &relay{Mesh: testmesh.New(t, time.Now()), t: t, now: time.Now()}
	keys := Keys{
		Card: held(r.CardKey), Hop: held(r.ProcessorHop), Manifest: r.Manifest(1, nil),
		Result: map[string]edPrivate{hex.EncodeToString(strictsig.PublicKeyOf(r.Result).ID()): r.Result},
	}
	var err error
	r.processor, err = New(Options{
		Roots: r.Roots, Keys: keys, Instance: "GO1", Now: func() time.Time { return r.now },
	})
	must(t, err)
	r.manifest, err = r.Roots.VerifyManifest(keys.Manifest, r.now, 0)
	must(t, err)
	r.hop, err = sealed.NewHop(r.RelayHop, r.ProcessorHop.PublicKey().Bytes(), testmesh.RelayID)
	must(t, err)
	connection := serve(t, r.processor)
	r.registry = processorv1.NewProcessorRegistryServiceClient(connection)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r.register(ctx)
	r.stream, err = processorv1.NewProcessorServiceClient(connection).Process(ctx)
	must(t, err)
	r.send(&processorv1.ProcessRequest{Frame: &processorv1.ProcessRequest_Hello{Hello: helloOf("A1")}})
	if r.receive().GetHello() == nil {
		t.Fatal("no Hello came")
	}
	return r
}

func serve(t *testing.T, served *Processor) *grpc.ClientConn {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	served.Register(server)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	connection, err := grpc.NewClient("passthrough:///processor",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return listener.DialContext(ctx)
		}),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

func (r *relay) register(ctx context.Context) {
	r.t.Helper()
	_, err := r.registry.RegisterRelays(ctx, &processorv1.RegisterRelaysRequest{
		Relays: []*processorv1.RelayRegistration{{Certificate: r.RelayCertificate(), State: active}},
	})
	must(r.t, err)
	_, err = r.registry.RegisterTerminals(ctx, &processorv1.RegisterTerminalsRequest{
		Terminals: []*processorv1.TerminalRegistration{
			{Certificate: r.TerminalCertificate(nil), State: active, Currencies: []uint32{978}},
		},
	})
	must(r.t, err)
	r.registerReader(active)
}

func (r *relay) registerReader(state relayv1.DeviceState) {
	r.t.Helper()
	_, err := r.registry.RegisterReaders(r.t.Context(), &processorv1.RegisterReadersRequest{
		Readers: []*relayv1.ReaderRegistration{{
			Certificate: r.ReaderCertificate(nil), MerchantId: testmesh.MerchantID, State: state,
		}},
	})
	must(r.t, err)
}

func (r *relay) send(request *processorv1.ProcessRequest) {
	r.t.Helper()
	must(r.t, r.stream.Send(request))
}

func (r *relay) receive() *processorv1.ProcessResponse {
	r.t.Helper()
	response, err := r.stream.Recv()
	must(r.t, err)
	return response
}

// ask sends one box and gives the answers to it.
func (r *relay) ask(request *processorv1.HopRequest) []*processorv1.Answer {
	r.t.Helper()
	message, err := proto.Marshal(request)
	must(r.t, err)
	box, err := r.hop.Seal(rand.Reader, sealed.Request, message)
	must(r.t, err)
	r.sendBox(box)
	response := r.receive()
	message, err = r.hop.Open(sealed.Answer, response.GetBox().GetSealed())
	must(r.t, err)
	answer := new(processorv1.HopAnswer)
	must(r.t, proto.Unmarshal(message, answer))
	return answer.Answers
}

func (r *relay) sendBox(box []byte) {
	r.t.Helper()
	r.boxes++
	r.send(&processorv1.ProcessRequest{Frame: &processorv1.ProcessRequest_Box{
		Box: &processorv1.HopBox{
			Number: r.boxes, RelayKeyId: strictsig.KeyID(r.RelayHop.PublicKey().Bytes()),
			ProcessorKeyId: strictsig.KeyID(r.ProcessorHop.PublicKey().Bytes()), Sealed: box,
		},
	}})
}

func (r *relay) authorization(signed *paymentv1.SignedPayment) *processorv1.AuthorizationRequest {
	r.entries++
	return &processorv1.AuthorizationRequest{
		RequestNumber: r.entries, MessageType: 200, RecordNumber: recordNumber, Payment: signed,
		TimeLeftMs: 30_000,
	}
}

func (r *relay) authorize(signed *paymentv1.SignedPayment) *processorv1.Answer {
	r.t.Helper()
	answers := r.ask(&processorv1.HopRequest{
		Authorizations: []*processorv1.AuthorizationRequest{r.authorization(signed)},
	})
	if len(answers) != 1 || answers[0].RequestNumber != r.entries {
		r.t.Fatalf("answers: %v", answers)
	}
	return answers[0]
}

// result verifies an answer as relay and reader would.
func (r *relay) result(answer *processorv1.Answer, to *paymentv1.SignedPayment) *paymentv1.Result {
	r.t.Helper()
	if answer.GetFault() != nil {
		r.t.Fatalf("fault: %v", answer.GetFault())
	}
	parsed, err := payment.ParseReaderPayment(to.ReaderPayment)
	must(r.t, err)
	result, err := r.manifest.VerifyAnswer(answer.GetResult(), parsed)
	must(r.t, err)
	return result
}

// payment is a tap without a PIN that the reader signed; change may change its context before.
func (r *relay) payment(total uint64, change func(*paymentv1.PaymentContext)) *paymentv1.SignedPayment {
	r.t.Helper()
	r.counter++
	reader, err := r.Roots.VerifyReader(r.ReaderCertificate(nil), r.now)
	must(r.t, err)
	terminal, err := r.Roots.VerifyTerminal(r.TerminalCertificate(nil), r.now)
	must(r.t, err)
	context := &paymentv1.PaymentContext{
		Version: 1, PaymentId: bytes.Repeat([]byte{byte(r.counter)}, 16), ReaderSerial: testmesh.Serial,
		ReaderCertificateId: reader.ID, Counter: r.counter,
		Kind: paymentv1.PaymentKind_PAYMENT_KIND_SALE, Amounts: &paymentv1.Amounts{TotalMinor: total},
		Currency: 978, MerchantId: testmesh.MerchantID, TerminalId: testmesh.TerminalID,
		TerminalCertificateId: terminal.ID, ManifestNumber: 1,
		EntryMode:    paymentv1.EntryMode_ENTRY_MODE_CONTACTLESS,
		Verification: paymentv1.Verification_VERIFICATION_NONE,
		CardKeyId:    strictsig.KeyID(r.CardKey.PublicKey().Bytes()),
		ReaderTimeMs: r.now.UnixMilli(), SubmitBeforeMs: r.now.Add(payment.SubmitWithin).UnixMilli(),
	}
	if change != nil {
		change(context)
	}
	return r.signPayment(context, "3412")
}

func (r *relay) signPayment(
	context *paymentv1.PaymentContext, expiration string,
) *paymentv1.SignedPayment {
	r.t.Helper()
	contextBytes := marshal(r.t, context)
	digest := dsse.Digest(dsse.PaymentContext, contextBytes)
	card := marshal(r.t, &paymentv1.CardData{Pan: "4242424242424242", ExpirationDate: expiration})
	box, err := sealed.SealCard(rand.Reader, r.CardKey.PublicKey().Bytes(), digest, card)
	must(r.t, err)
	body := &paymentv1.ReaderPayment{Context: contextBytes, CardBox: box}
	if len(context.PinKeyId) > 0 {
		body.PinBox = make([]byte, sealed.PINBoxSize)
	}
	bodyBytes := marshal(r.t, body)
	return &paymentv1.SignedPayment{
		ReaderPayment: bodyBytes, Signature: dsse.Sign(dsse.ReaderPayment, bodyBytes, r.ReaderSigning),
	}
}

// reverse asks to undo a payment; change may change the order before it is signed.
func (r *relay) reverse(
	to *paymentv1.SignedPayment, change func(*paymentv1.Reverse),
) *processorv1.Answer {
	r.t.Helper()
	parsed, err := payment.ParseReaderPayment(to.ReaderPayment)
	must(r.t, err)
	order := &paymentv1.Reverse{
		Version: 1, PaymentId: parsed.ID[:], MerchantId: testmesh.MerchantID, Digest: parsed.Digest[:],
		RelayId: testmesh.RelayID, RecordNumber: recordNumber, Reason: 4021,
		RelayTimeMs: r.now.UnixMilli(), Context: parsed.ContextBytes,
	}
	if change != nil {
		change(order)
	}
	data := marshal(r.t, order)
	r.entries++
	answers := r.ask(&processorv1.HopRequest{Reversals: []*processorv1.ReversalRequest{{
		RequestNumber: r.entries, MessageType: 400, Reverse: &paymentv1.SignedReverse{
			Reverse: data, Signature: dsse.Sign(dsse.Reverse, data, r.RelaySigning),
		},
	}}})
	if len(answers) != 1 {
		r.t.Fatalf("answers: %v", answers)
	}
	return answers[0]
}

func (r *relay) close() *meshv1.Close {
	r.t.Helper()
	r.send(&processorv1.ProcessRequest{Frame: &processorv1.ProcessRequest_Close{Close: &meshv1.Close{}}})
	return r.receive().GetClose()
}

func marshal(t *testing.T, message proto.Message) []byte {
	t.Helper()
	data, err := canonical.Marshal(message)
	must(t, err)
	return data
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// withBoxOf puts another payment's card box into a payment and signs that.
func (r *relay) withBoxOf(to, donor *paymentv1.SignedPayment) *paymentv1.SignedPayment {
	r.t.Helper()
	var body, other paymentv1.ReaderPayment
	must(r.t, proto.Unmarshal(to.ReaderPayment, &body))
	must(r.t, proto.Unmarshal(donor.ReaderPayment, &other))
	body.CardBox = other.CardBox
	data := marshal(r.t, &body)
	return &paymentv1.SignedPayment{
		ReaderPayment: data, Signature: dsse.Sign(dsse.ReaderPayment, data, r.ReaderSigning),
	}
}

func idOf(r *relay, signed *paymentv1.SignedPayment) []byte {
	r.t.Helper()
	parsed, err := payment.ParseReaderPayment(signed.ReaderPayment)
	must(r.t, err)
	return parsed.ID[:]
}
