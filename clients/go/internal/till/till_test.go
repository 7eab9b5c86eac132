package till

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	relayv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/relay/v1"
	terminalv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/terminal/v1"
	"github.com/cardlane/cardlane/clients/go/mesh"
	"github.com/cardlane/cardlane/clients/go/payment"
)

type fakeTerminal struct {
	terminalv1.UnimplementedTerminalServiceServer
	pay    func(stream grpc.BidiStreamingServer[terminalv1.PayRequest, terminalv1.PayResponse]) error
	report *terminalv1.PaymentReport
}

func (f *fakeTerminal) Pay(
	stream grpc.BidiStreamingServer[terminalv1.PayRequest, terminalv1.PayResponse],
) error {
	return f.pay(stream)
}

func (f *fakeTerminal) GetTerminalPayment(
	_ context.Context, request *terminalv1.GetTerminalPaymentRequest,
) (*terminalv1.GetTerminalPaymentResponse, error) {
	f.report.PaymentId = request.PaymentId
	return &terminalv1.GetTerminalPaymentResponse{Report: f.report}, nil
}

type fakeRelay struct {
	relayv1.UnimplementedRelayServiceServer
	afters []uint64
}

// WatchPayments breaks off after each second change.
func (f *fakeRelay) WatchPayments(
	request *relayv1.WatchPaymentsRequest,
	stream grpc.ServerStreamingServer[relayv1.WatchPaymentsResponse],
) error {
	f.afters = append(f.afters, request.AfterSequence)
	next := request.AfterSequence + 10
	for _, sequence := range []uint64{0, next, next + 5} {
		if err := stream.Send(&relayv1.WatchPaymentsResponse{Sequence: sequence}); err != nil {
			return err
		}
	}
	return status.Error(codes.Unavailable, "restarting")
}

type fakeHands struct {
	pin     string
	refuses bool
	err     error
}

func (h fakeHands) PresentCard(context.Context) error        { return h.err }
func (h fakeHands) TypePIN(context.Context) error            { return nil }
func (h fakeHands) Confirm(*readerv1.CardRead) (bool, error) { return !h.refuses, nil }
func (h fakeHands) PIN() (string, error)                     { return h.pin, nil }

func serve(t *testing.T, register func(*grpc.Server)) Connect {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	register(server)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return func() (*grpc.ClientConn, error) {
		return grpc.NewClient("passthrough:///fake",
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
				return listener.DialContext(ctx)
			}),
			grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
}

const (
	paymentID   = "01932b5e-8c1a-7000-8000-000000000001"
	traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)

var (
	final   = paymentv1.Certainty_CERTAINTY_FINAL
	unknown = paymentv1.Certainty_CERTAINTY_UNKNOWN
)

// play goes through a payment with a card that asks for a PIN, and sends what the till said to said.
func play(
	stream grpc.BidiStreamingServer[terminalv1.PayRequest, terminalv1.PayResponse],
	said *[]*terminalv1.PayRequest, end *terminalv1.PayResponse,
) error {
	online := paymentv1.Verification_VERIFICATION_ONLINE_PIN
	hear := func() error {
		request, err := stream.Recv()
		*said = append(*said, request)
		return err
	}
	errs := []error{
		hear(),
		stream.Send(&terminalv1.PayResponse{Event: &terminalv1.PayResponse_Started{
			Started: &terminalv1.PaymentStarted{PaymentId: paymentID, ReaderSerial: "GO-0001"}}}),
		stream.Send(&terminalv1.PayResponse{Event: &terminalv1.PayResponse_Prepared{
			Prepared: &readerv1.Prepared{DisplayLines: []string{"Corner Coffee"}}}}),
		stream.Send(&terminalv1.PayResponse{Event: &terminalv1.PayResponse_ConfirmationNeeded{
			ConfirmationNeeded: &readerv1.CardRead{MaskedPan: "424242******4242", Verification: online}}}),
		hear(),
	}
	if end != nil {
		errs = append(errs, stream.Send(end))
	}
	return errors.Join(errs...)
}

func finished(report *terminalv1.PaymentReport) *terminalv1.PayResponse {
	return &terminalv1.PayResponse{Event: &terminalv1.PayResponse_Finished{Finished: report}}
}

func TestPay(t *testing.T) {
	currency, _ := payment.CurrencyByLetters("EUR")
	order := Order{
		Kind: paymentv1.PaymentKind_PAYMENT_KIND_SALE, Total: 1250, Currency: currency,
		Traceparent: traceparent,
	}
	tests := []struct {
		name     string
		report   *terminalv1.PaymentReport
		wantCode int
	}{
		{"approved", &terminalv1.PaymentReport{
			Certainty: final, State: paymentv1.PaymentState_PAYMENT_STATE_APPROVED}, Approved},
		{"declined", &terminalv1.PaymentReport{
			Certainty: final, State: paymentv1.PaymentState_PAYMENT_STATE_DECLINED}, Declined},
		{"being reversed", &terminalv1.PaymentReport{
			Certainty: unknown, State: paymentv1.PaymentState_PAYMENT_STATE_REVERSING}, Unknown},
		{"approved, not for sure", &terminalv1.PaymentReport{
			Certainty: unknown, State: paymentv1.PaymentState_PAYMENT_STATE_APPROVED}, Unknown},
		{"cancelled", &terminalv1.PaymentReport{
			Certainty: final, Fault: &paymentv1.PaymentFault{Code: "CANCELLED"}}, Failed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var said []*terminalv1.PayRequest
			fake := &fakeTerminal{pay: func(
				stream grpc.BidiStreamingServer[terminalv1.PayRequest, terminalv1.PayResponse],
			) error {
				return play(stream, &said, finished(test.report))
			}}
			var out bytes.Buffer
			report, err := Pay(t.Context(), terminal(t, fake), order, fakeHands{pin: "1234"}, &out)
			if err != nil {
				t.Fatal(err)
			}
			if code := ExitCode(report.Certainty, report.State); code != test.wantCode {
				t.Errorf("exit code %d, want %d", code, test.wantCode)
			}
			start := said[0].GetStart()
			if start.Amounts.TotalMinor != 1250 || start.Currency != 978 || start.Traceparent != traceparent {
				t.Errorf("start: %v", start)
			}
			if said[1].GetConfirm().GetPin() != "1234" || strings.Contains(out.String(), "1234 ") {
				t.Errorf("confirm: %v, out %q", said[1], out.String())
			}
		})
	}
}

func TestACutPaymentIsAskedFor(t *testing.T) {
	var said []*terminalv1.PayRequest
	fake := &fakeTerminal{
		pay: func(stream grpc.BidiStreamingServer[terminalv1.PayRequest, terminalv1.PayResponse]) error {
			return errors.Join(play(stream, &said, nil), status.Error(codes.Unavailable, "gone"))
		},
		report: &terminalv1.PaymentReport{Certainty: unknown},
	}
	report, err := Pay(t.Context(), terminal(t, fake), Order{}, fakeHands{pin: "1234"}, &bytes.Buffer{})
	if err != nil || report.PaymentId != paymentID || ExitCode(report.Certainty, report.State) != Unknown {
		t.Errorf("report %v, %v", report, err)
	}
}

func TestHandsThatCancel(t *testing.T) {
	broken := errors.New("no reader there")
	for name, hands := range map[string]fakeHands{
		"the cashier": {refuses: true}, "a card that cannot be presented": {err: broken},
	} {
		t.Run(name, func(t *testing.T) {
			var said []*terminalv1.PayRequest
			fake := &fakeTerminal{pay: func(
				stream grpc.BidiStreamingServer[terminalv1.PayRequest, terminalv1.PayResponse],
			) error {
				return play(stream, &said, finished(&terminalv1.PaymentReport{Certainty: final}))
			}}
			_, err := Pay(t.Context(), terminal(t, fake), Order{}, hands, &bytes.Buffer{})
			if !errors.Is(err, hands.err) || said[1].GetCancel() == nil {
				t.Errorf("err %v, said %v", err, said[1])
			}
		})
	}
}

func TestRefusalsAreReadable(t *testing.T) {
	refusal, err := status.New(codes.InvalidArgument, "amounts.total_minor must be 1 to 9").WithDetails(
		&errdetails.ErrorInfo{Reason: "AMOUNT_OUT_OF_RANGE", Domain: "cardlane", Metadata: map[string]string{
			"certainty": "FINAL", "next_step": "CORRECT_REQUEST"}},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "amounts.total_minor", Description: "too much"}}})
	if err != nil {
		t.Fatal(err)
	}
	fake := &fakeTerminal{pay: func(
		grpc.BidiStreamingServer[terminalv1.PayRequest, terminalv1.PayResponse],
	) error {
		return refusal.Err()
	}}
	_, err = Pay(t.Context(), terminal(t, fake), Order{}, fakeHands{}, &bytes.Buffer{})
	want := `AMOUNT_OUT_OF_RANGE (InvalidArgument): amounts.total_minor must be 1 to 9
certainty  final
next step  correct request
field      amounts.total_minor: too much`
	if got := mesh.Explain(err); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestWatchGoesOnWhereItWas(t *testing.T) {
	fake := &fakeRelay{}
	var out bytes.Buffer
	if err := Watch(t.Context(), relay(t, fake), 0, 3, &out); err != nil {
		t.Fatal(err)
	}
	if len(fake.afters) != 2 || fake.afters[1] != 15 {
		t.Errorf("watched after %v, want [0 15]", fake.afters)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 4 {
		t.Errorf("printed %d lines, want 3 changes and a notice:\n%s", lines, out.String())
	}
}

// life is how often the terminals and relays of these tests say that they are there.
const life = 20 * time.Millisecond

func TestASilentTerminalIsAskedForOverAnotherConnection(t *testing.T) {
	fake := &fakeTerminal{
		pay: func(stream grpc.BidiStreamingServer[terminalv1.PayRequest, terminalv1.PayResponse]) error {
			_, err := stream.Recv()
			return errors.Join(err,
				stream.Send(&terminalv1.PayResponse{Event: &terminalv1.PayResponse_SignOfLife{
					SignOfLife: &terminalv1.SignOfLife{IntervalMs: uint32(life.Milliseconds())}}}),
				stream.Send(&terminalv1.PayResponse{Event: &terminalv1.PayResponse_Started{
					Started: &terminalv1.PaymentStarted{PaymentId: paymentID}}}),
				func() error { <-stream.Context().Done(); return stream.Context().Err() }())
		},
		report: &terminalv1.PaymentReport{Certainty: unknown},
	}
	connections := 0
	connect := terminal(t, fake)
	counted := func() (*grpc.ClientConn, error) {
		connections++
		return connect()
	}
	var out bytes.Buffer
	report, err := Pay(t.Context(), counted, Order{}, fakeHands{}, &out)
	if err != nil || report.PaymentId != paymentID || connections != 2 {
		t.Errorf("report %v, %v, over %d connections", report, err, connections)
	}
	if !strings.Contains(out.String(), "nothing heard for 50ms") {
		t.Errorf("told %q", out.String())
	}
}

func TestATerminalOfAnEarlierVersionIsNotTakenForSilent(t *testing.T) {
	paying := &paying{interval: mesh.SignOfLife}
	paying.listen(&terminalv1.PayResponse{Event: &terminalv1.PayResponse_Started{}})
	if paying.interval != 0 {
		t.Errorf("it has to speak every %v", paying.interval)
	}
}

// silentRelay says where a watch goes on, and nothing any more; then it has a change.
type silentRelay struct {
	relayv1.UnimplementedRelayServiceServer
	afters []uint64
}

func (f *silentRelay) WatchPayments(
	request *relayv1.WatchPaymentsRequest,
	stream grpc.ServerStreamingServer[relayv1.WatchPaymentsResponse],
) error {
	f.afters = append(f.afters, request.AfterSequence)
	if request.AfterSequence == 7 {
		return stream.Send(&relayv1.WatchPaymentsResponse{Sequence: 9, Position: 9})
	}
	err := stream.Send(&relayv1.WatchPaymentsResponse{Position: 7})
	<-stream.Context().Done()
	return err
}

func TestAWatchWhoseLineFallsSilentGoesOnWithoutAGap(t *testing.T) {
	fake := &silentRelay{}
	watch := &watching{
		request:  &relayv1.WatchPaymentsRequest{FromNow: true},
		interval: life, count: 1, out: &bytes.Buffer{},
	}
	if err := watch.run(t.Context(), relay(t, fake)); err != nil {
		t.Fatal(err)
	}
	if after := fake.afters[len(fake.afters)-1]; after != 7 {
		t.Errorf("watched after %v, want 7 in the end", fake.afters)
	}
}

func relay(t *testing.T, fake relayv1.RelayServiceServer) Connect {
	t.Helper()
	return serve(t, func(server *grpc.Server) { relayv1.RegisterRelayServiceServer(server, fake) })
}

func terminal(t *testing.T, fake *fakeTerminal) Connect {
	t.Helper()
	return serve(t, func(server *grpc.Server) {
		terminalv1.RegisterTerminalServiceServer(server, fake)
	})
}
