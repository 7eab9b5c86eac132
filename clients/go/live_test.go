package cardlane_test

import (
	"bufio"
	"bytes"
	"context"
	crand "crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	relayv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/relay/v1"
	terminalv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/terminal/v1"
	"github.com/cardlane/cardlane/clients/go/internal/durable"
	"github.com/cardlane/cardlane/clients/go/internal/provision"
	"github.com/cardlane/cardlane/clients/go/internal/reader"
	"github.com/cardlane/cardlane/clients/go/internal/testcards"
	"github.com/cardlane/cardlane/clients/go/internal/till"
	"github.com/cardlane/cardlane/clients/go/mesh"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/trust"
)

// Against a running mesh, where the environment names one: CARDLANE_MESH is its data folder, or
// CARDLANE_TERMINAL, CARDLANE_RELAY and CARDLANE_READER are its addresses.

func TestLiveTill(t *testing.T) {
	live := liveMesh(t)
	l := live.dial(t, live.terminal)
	watched := l.watch(t)
	tests := []struct {
		card, pin string
		total     uint64
		wantExit  int
		wantCode  string
		wantNext  paymentv1.NextStep
	}{
		{"visa", "1234", 1250, till.Approved, "00", paymentv1.NextStep_NEXT_STEP_NONE},
		{"charge_declined_insufficient_funds", "1234", 1250, till.Declined, "51",
			paymentv1.NextStep_NEXT_STEP_USE_ANOTHER_CARD},
		{"visa", "9999", 1250, till.Declined, "55", paymentv1.NextStep_NEXT_STEP_ENTER_PIN},
		{"visa", "1234", 1250, till.Approved, "00", paymentv1.NextStep_NEXT_STEP_NONE},
	}
	for _, test := range tests {
		t.Run(test.card+" "+test.wantCode, func(t *testing.T) {
			trace := mesh.NewTrace()
			order := eur(test.total)
			order.Traceparent = trace.Parent()
			report := l.pay(t, order, liveHands{reader: live.reader, card: test.card, pin: test.pin})
			if code := till.ExitCode(report.Certainty, report.State); code != test.wantExit {
				t.Errorf("exit code %d, want %d: %v", code, test.wantExit, report)
			}
			if report.Result.GetResponseCode() != test.wantCode || report.NextStep != test.wantNext {
				t.Errorf("code %q, next %v", report.Result.GetResponseCode(), report.NextStep)
			}
			record := l.query(t, report.RecordNumber)
			if record.State != report.State || record.TraceId != trace.ID || report.TraceId != trace.ID {
				t.Errorf("record: %v", record)
			}
			watched(record.RecordNumber, record.State)
		})
	}
}

func TestLiveRefusals(t *testing.T) {
	live := liveMesh(t)
	l := live.dial(t, live.terminal)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := till.Pay(ctx, l.toTerminal, eur(0), liveHands{}, t.Output())
	if status.Code(err) != codes.InvalidArgument || !strings.HasPrefix(mesh.Explain(err), "AMOUNT_OUT_OF_RANGE") {
		t.Errorf("0 EUR: %s", mesh.Explain(err))
	}
	_, err = l.relay.GetPayment(ctx, &relayv1.GetPaymentRequest{
		Key: &relayv1.GetPaymentRequest_RecordNumber{RecordNumber: "A10000000001"},
	})
	if err == nil || !strings.Contains(mesh.Explain(err), "next step") {
		t.Errorf("another record number: %s", mesh.Explain(err))
	}
}

// A reader of this module at a terminal of the repository: both are new to the mesh.
func TestLiveReader(t *testing.T) {
	live := liveMesh(t)
	if live.directory == "" {
		t.Skip("CARDLANE_MESH names no mesh whose roots could make a reader")
	}
	out := t.TempDir()
	unique := crand.Text()
	counter := provision.Counter{
		Mesh: live.directory, Out: out, Serial: "GO-" + unique[:8], TerminalID: unique[:8],
		Relay: live.relay, Processor: live.processor,
	}
	check(t, counter.Open())
	terminal := startTerminal(t, live, out, startLiveReader(t, out))
	l := live.dial(t, terminal)
	l.untilReady(t)

	declined := l.pay(t, eur(1250), liveHands{pin: "9999"})
	if declined.Result.GetResponseCode() != "55" || declined.NextStep != paymentv1.NextStep_NEXT_STEP_ENTER_PIN {
		t.Fatalf("wrong PIN: %v", declined)
	}
	retry := eur(1250)
	retry.Previous = declined.PaymentId
	approved := l.pay(t, retry, liveHands{pin: "1234"})
	if till.ExitCode(approved.Certainty, approved.State) != till.Approved {
		t.Fatalf("PIN retry: %v", approved)
	}
	if approved.Shown != readerv1.ShownOutcome_SHOWN_OUTCOME_APPROVED {
		t.Errorf("the reader shows %v", approved.Shown)
	}
	if record := l.query(t, approved.RecordNumber); record.ReaderSerial != counter.Serial {
		t.Errorf("record of reader %s, want %s", record.ReaderSerial, counter.Serial)
	}
	refund := eur(500)
	refund.Kind = paymentv1.PaymentKind_PAYMENT_KIND_REFUND
	if report := l.pay(t, refund, liveHands{pin: "1234"}); report.Result.GetApprovedAmountMinor() != 500 {
		t.Errorf("refund: %v", report)
	}
}

type running struct{ directory, terminal, relay, reader, processor string }

func liveMesh(t *testing.T) running {
	t.Helper()
	live := running{
		directory: os.Getenv("CARDLANE_MESH"), terminal: os.Getenv("CARDLANE_TERMINAL"),
		relay: os.Getenv("CARDLANE_RELAY"), reader: os.Getenv("CARDLANE_READER"),
	}
	if live.directory != "" {
		var file struct{ Addresses map[string]string }
		data, err := os.ReadFile(filepath.Join(live.directory, "mesh.json"))
		check(t, err)
		check(t, json.Unmarshal(data, &file))
		a := file.Addresses
		live.terminal, live.relay, live.reader, live.processor =
			a["terminal"], a["relay"], a["reader"], a["processor"]
	}
	if live.terminal == "" || live.relay == "" {
		t.Skip("neither CARDLANE_MESH nor CARDLANE_TERMINAL and CARDLANE_RELAY name a running mesh")
	}
	return live
}

// lines are connections to a terminal and a relay.
type lines struct {
	terminal terminalv1.TerminalServiceClient
	// toTerminal opens a connection for one payment.
	toTerminal till.Connect
	relay      relayv1.RelayServiceClient
}

func (live running) dial(t *testing.T, terminal string) lines {
	t.Helper()
	identity := mesh.IdentityFromEnvironment()
	dial := func(address string, role mesh.Role) *grpc.ClientConn {
		connection, err := identity.Dial(address, role)
		check(t, err)
		t.Cleanup(func() { _ = connection.Close() })
		return connection
	}
	return lines{
		terminal: terminalv1.NewTerminalServiceClient(dial(terminal, mesh.Terminal)),
		toTerminal: func() (*grpc.ClientConn, error) {
			return identity.Dial(terminal, mesh.Terminal)
		},
		relay: relayv1.NewRelayServiceClient(dial(live.relay, mesh.Relay)),
	}
}

func (l lines) pay(t *testing.T, order till.Order, hands liveHands) *terminalv1.PaymentReport {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	report, err := till.Pay(ctx, l.toTerminal, order, hands, t.Output())
	check(t, err)
	return report
}

func (l lines) query(t *testing.T, recordNumber string) *relayv1.PaymentRecord {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	answer, err := l.relay.GetPayment(ctx, &relayv1.GetPaymentRequest{
		Key: &relayv1.GetPaymentRequest_RecordNumber{RecordNumber: recordNumber},
	})
	check(t, err)
	return answer.Payment
}

// watch gives a function that waits for a change.
func (l lines) watch(t *testing.T) func(recordNumber string, state paymentv1.PaymentState) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	stream, err := l.relay.WatchPayments(ctx, &relayv1.WatchPaymentsRequest{FromNow: true})
	check(t, err)
	return func(recordNumber string, state paymentv1.PaymentState) {
		for {
			change, err := stream.Recv()
			check(t, err)
			if change.Payment.GetRecordNumber() == recordNumber && change.State == state {
				return
			}
		}
	}
}

// untilReady waits until the terminal has its reader and its relay.
func (l lines) untilReady(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		answer, err := l.terminal.GetTerminal(ctx, &terminalv1.GetTerminalRequest{})
		check(t, err)
		if answer.ReaderSerial != "" && answer.IsRelayConnected {
			return
		}
		<-again.C // The deadline of the call ends this.
	}
}

func eur(total uint64) till.Order {
	currency, _ := payment.CurrencyByLetters("EUR")
	return till.Order{
		Kind: paymentv1.PaymentKind_PAYMENT_KIND_SALE, Total: total, Currency: currency,
		Traceparent: mesh.NewTrace().Parent(),
	}
}

// liveHands present a card at a simulated reader; without one the reader does by itself.
type liveHands struct{ reader, card, pin string }

func (h liveHands) PresentCard(ctx context.Context) error {
	if h.card == "" || h.reader == "" {
		return nil
	}
	connection, err := mesh.DialReader(h.reader)
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = readerv1.NewReaderControlServiceClient(connection).PresentCard(ctx,
		&readerv1.PresentCardRequest{Card: h.card})
	return err
}

func (liveHands) TypePIN(context.Context) error            { return nil }
func (liveHands) Confirm(*readerv1.CardRead) (bool, error) { return true, nil }
func (h liveHands) PIN() (string, error)                   { return h.pin, nil }

// startLiveReader serves a reader with the keys in out, and gives its address.
func startLiveReader(t *testing.T, out string) string {
	t.Helper()
	keys := trust.KeyFolder(filepath.Join(out, "keys", "reader"))
	files, err := durable.Open(filepath.Join(out, "reader"))
	check(t, err)
	t.Cleanup(func() { _ = files.Close() })
	options := reader.Options{Now: time.Now, Random: crand.Reader}
	options.Card, err = testcards.Find("visa")
	check(t, err)
	options.Roots, err = keys.Roots()
	check(t, err)
	options.Certificate, err = keys.Certificate()
	check(t, err)
	options.Identity, err = keys.Signer("identity")
	check(t, err)
	options.Signing, err = keys.Signer("signing")
	check(t, err)
	opened, err := reader.Open(options, files, func() ([]byte, error) { return keys.Key("dukpt-initial") })
	check(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	server := grpc.NewServer()
	readerv1.RegisterReaderServiceServer(server, opened)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// startTerminal runs the repository's terminal with the keys in out, and gives its address.
func startTerminal(t *testing.T, live running, out, readerAddress string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	check(t, err)
	command := exec.Command("node", "set-up/set-up.mjs", "terminal-client/main.ts")
	command.Dir = root
	command.Env = append(os.Environ(),
		"CARDLANE_LISTEN=127.0.0.1:0", "CARDLANE_READER="+readerAddress, "CARDLANE_RELAY="+live.relay,
		"CARDLANE_KEYS_DIR="+filepath.Join(out, "keys", "terminal"),
		"CARDLANE_DATA_DIR="+filepath.Join(out, "terminal"), "CARDLANE_TLS_DIR=")
	log, err := command.StderrPipe()
	check(t, err)
	command.Stdout = command.Stderr
	check(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
	return addressIn(t, log)
}

// addressIn reads a program's log up to the line that says where it listens.
func addressIn(t *testing.T, log interface{ Read([]byte) (int, error) }) string {
	t.Helper()
	scanner := bufio.NewScanner(log)
	var seen bytes.Buffer
	for scanner.Scan() {
		var line struct{ Message, Address string }
		fmt.Fprintln(&seen, scanner.Text())
		if json.Unmarshal(scanner.Bytes(), &line) == nil && line.Message == "ready" {
			go func() { // Nobody reads the rest, but it must not stand in the way.
				for scanner.Scan() {
					continue
				}
			}()
			return line.Address
		}
	}
	t.Fatalf("the terminal did not get ready:\n%s", &seen)
	return ""
}
