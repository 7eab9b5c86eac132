// Till is a small cash register: it takes payments at a terminal and asks a relay about them.
//
//	till pay [flags] AMOUNT CURRENCY    till pay -card visa -pin 1234 12.50 EUR
//	till status PAYMENT_ID              what the terminal knows of a payment
//	till query RECORD_NUMBER            what the relay knows; a payment id does as well
//	till watch [-after N] [-count N]    every change of every record
//	till cancel PAYMENT_ID              undo a payment whose fate nobody knows
//
// Exit codes: approved 0, error 1, declined 2, unknown 3. Where the programs are is said by
// CARDLANE_TERMINAL, CARDLANE_RELAY and CARDLANE_READER (for -card), by default those of a mesh on
// this machine; CARDLANE_TLS_DIR has the till's certificate for mutual TLS.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	relayv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/relay/v1"
	terminalv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/terminal/v1"
	"github.com/cardlane/cardlane/clients/go/internal/till"
	"github.com/cardlane/cardlane/clients/go/mesh"
	"github.com/cardlane/cardlane/clients/go/payment"
)

// askTime is how long a question may take; a payment may take as long as the people at it.
const askTime = 10 * time.Second

var errUsage = errors.New("usage: till pay|status|query|watch|cancel …; till COMMAND -h tells more")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, mesh.Explain(err))
	}
	os.Exit(code)
}

func run(ctx context.Context, arguments []string) (int, error) {
	if len(arguments) == 0 {
		return till.Failed, errUsage
	}
	commands := map[string]func(context.Context, []string) (int, error){
		"pay": pay, "status": state, "query": query, "watch": watch, "cancel": cancelPayment,
	}
	command, ok := commands[arguments[0]]
	if !ok {
		return till.Failed, errUsage
	}
	return command(ctx, arguments[1:])
}

func pay(ctx context.Context, arguments []string) (int, error) {
	flags := flag.NewFlagSet("pay", flag.ExitOnError)
	hands := &hands{}
	flags.StringVar(&hands.card, "card", "", "test card to present at a simulated reader")
	flags.StringVar(&hands.mode, "mode", "", "how: chip, contactless, magstripe or fallback")
	flags.StringVar(&hands.pin, "pin", "", "PIN typed on the terminal; default: it is asked for")
	flags.BoolVar(&hands.isPINOnReader, "pin-on-reader", false, "the PIN is typed on the reader")
	flags.BoolVar(&hands.isConfirmed, "yes", false, "confirm the card without a question")
	kind := flags.String("kind", "sale", "sale, authorization, refund or balance_enquiry")
	id := flags.String("id", "", "UUID of a payment that may have been started before")
	previous := flags.String("previous", "", "declined payment that is tried again with a PIN")
	partial := flags.Bool("partial", false, "accept less than the whole amount")
	_ = flags.Parse(arguments) // It exits by itself.
	if flags.NArg() != 2 {
		return till.Failed, errors.New("usage: till pay [flags] AMOUNT CURRENCY")
	}
	currency, err := payment.CurrencyByLetters(flags.Arg(1))
	if err != nil {
		return till.Failed, err
	}
	total, err := currency.ParseAmount(flags.Arg(0))
	if err != nil {
		return till.Failed, err
	}
	number, ok := paymentv1.PaymentKind_value["PAYMENT_KIND_"+strings.ToUpper(*kind)]
	if !ok {
		return till.Failed, fmt.Errorf("no kind of payment %q", *kind)
	}
	trace := traceOf(os.Getenv("TRACEPARENT"))
	order := till.Order{
		Kind: paymentv1.PaymentKind(number), Total: total, Currency: currency,
		ID: *id, Previous: *previous, AcceptPartial: *partial, Traceparent: trace.Parent(),
	}
	fmt.Printf("%-13s %s\n", "trace", trace.ID)
	connect := func() (*grpc.ClientConn, error) {
		return dial("CARDLANE_TERMINAL", "127.0.0.1:7402", mesh.Terminal)
	}
	report, err := till.Pay(ctx, connect, order, hands, os.Stdout)
	if err != nil {
		return till.Failed, err
	}
	fmt.Println()
	till.ShowReport(os.Stdout, report)
	return till.ExitCode(report.Certainty, report.State), nil
}

func state(ctx context.Context, arguments []string) (int, error) {
	if len(arguments) != 1 {
		return till.Failed, errors.New("usage: till status PAYMENT_ID")
	}
	connection, err := dial("CARDLANE_TERMINAL", "127.0.0.1:7402", mesh.Terminal)
	if err != nil {
		return till.Failed, err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	answer, err := terminalv1.NewTerminalServiceClient(connection).GetTerminalPayment(ctx,
		&terminalv1.GetTerminalPaymentRequest{PaymentId: arguments[0]})
	if err != nil {
		return till.Failed, err
	}
	till.ShowReport(os.Stdout, answer.Report)
	return till.ExitCode(answer.Report.GetCertainty(), answer.Report.GetState()), nil
}

func query(ctx context.Context, arguments []string) (int, error) {
	if len(arguments) != 1 {
		return till.Failed, errors.New("usage: till query RECORD_NUMBER")
	}
	client, connection, err := relay()
	if err != nil {
		return till.Failed, err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	request := &relayv1.GetPaymentRequest{}
	const uuidLength = 36
	if len(arguments[0]) == uuidLength {
		request.Key = &relayv1.GetPaymentRequest_PaymentId{PaymentId: arguments[0]}
		request.MerchantId = os.Getenv("CARDLANE_MERCHANT")
	} else {
		number := strings.ReplaceAll(arguments[0], "-", "")
		request.Key = &relayv1.GetPaymentRequest_RecordNumber{RecordNumber: number}
	}
	answer, err := client.GetPayment(ctx, request)
	if err != nil {
		return till.Failed, err
	}
	till.ShowRecord(os.Stdout, answer.Payment)
	return till.ExitCode(answer.Payment.GetCertainty(), answer.Payment.GetState()), nil
}

func watch(ctx context.Context, arguments []string) (int, error) {
	flags := flag.NewFlagSet("watch", flag.ExitOnError)
	after := flags.Uint64("after", 0, "go on after this sequence; 0: from now on")
	count := flags.Int("count", 0, "end after so many changes; 0: never")
	_ = flags.Parse(arguments)
	connect := func() (*grpc.ClientConn, error) {
		return dial("CARDLANE_RELAY", "127.0.0.1:7403", mesh.Relay)
	}
	if err := till.Watch(ctx, connect, *after, *count, os.Stdout); err != nil {
		return till.Failed, err
	}
	return till.Approved, nil
}

func cancelPayment(ctx context.Context, arguments []string) (int, error) {
	if len(arguments) != 1 {
		return till.Failed, errors.New("usage: till cancel PAYMENT_ID")
	}
	client, connection, err := relay()
	if err != nil {
		return till.Failed, err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	answer, err := client.CancelPayment(ctx, &relayv1.CancelPaymentRequest{
		PaymentId: arguments[0], MerchantId: os.Getenv("CARDLANE_MERCHANT"),
	})
	if err != nil {
		return till.Failed, err
	}
	till.ShowCompleted(os.Stdout, answer.Completed)
	return till.ExitCode(answer.Completed.GetCertainty(), answer.Completed.GetState()), nil
}

func relay() (relayv1.RelayServiceClient, *grpc.ClientConn, error) {
	connection, err := dial("CARDLANE_RELAY", "127.0.0.1:7403", mesh.Relay)
	return relayv1.NewRelayServiceClient(connection), connection, err
}

func dial(setting, otherwise string, role mesh.Role) (*grpc.ClientConn, error) {
	return mesh.IdentityFromEnvironment().Dial(address(setting, otherwise), role)
}

func address(setting, otherwise string) string {
	if value := os.Getenv(setting); value != "" {
		return value
	}
	return otherwise
}

func traceOf(traceparent string) mesh.Trace {
	if trace, ok := mesh.ParseTrace(traceparent); ok {
		return trace
	}
	return mesh.NewTrace()
}
