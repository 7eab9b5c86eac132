// Package till is a cash register's side of a terminal, and what people ask a relay.
package till

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	terminalv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/terminal/v1"
	"github.com/cardlane/cardlane/clients/go/mesh"
	"github.com/cardlane/cardlane/clients/go/payment"
)

// Hands are the people at a payment.
type Hands interface {
	// PresentCard holds the card to the reader; nothing where somebody else does.
	PresentCard(ctx context.Context) error
	// Confirm is the cashier's look at the card that was read; false cancels.
	Confirm(read *readerv1.CardRead) (bool, error)
	// PIN gives the digits that are typed on the terminal; empty: on the reader.
	PIN() (string, error)
	// TypePIN types the PIN on the reader; nothing where somebody else does.
	TypePIN(ctx context.Context) error
}

// Order is what is to be paid.
type Order struct {
	Kind     paymentv1.PaymentKind
	Total    uint64
	Currency payment.Currency
	// ID is a text UUID for a payment that may have been started before; empty: a new one.
	ID string
	// Previous is the declined payment that this one repeats with a PIN.
	Previous string
	// AcceptPartial: less than the total may be approved.
	AcceptPartial bool
	Traceparent   string
}

// Pay takes one payment and tells about it on out. A payment whose stream was cut after it had begun,
// or whose terminal fell silent, is asked for once more over another connection: the report may say
// that the outcome is unknown, never that it failed.
func Pay(
	ctx context.Context, connect Connect, order Order, hands Hands, out io.Writer,
) (*terminalv1.PaymentReport, error) {
	p := &paying{id: order.ID, interval: mesh.SignOfLife, hands: hands, out: out}
	report, err := p.run(ctx, connect, order)
	isTold := err == nil || p.failure != nil && errors.Is(err, p.failure)
	if isTold || !p.isBegun {
		return report, err
	}
	fmt.Fprintf(out, "stream cut    %v; asking what became of it\n", err)
	return ask(ctx, connect, p.id)
}

// ask never fails: a payment of which the terminal says nothing is unknown.
func ask(ctx context.Context, connect Connect, id string) (*terminalv1.PaymentReport, error) {
	connection, err := connect()
	if err != nil {
		return notAnswered(id, err), nil
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	request := &terminalv1.GetTerminalPaymentRequest{PaymentId: id}
	answer, err := terminalv1.NewTerminalServiceClient(connection).GetTerminalPayment(ctx, request)
	if err != nil {
		return notAnswered(id, err), nil
	}
	return answer.Report, nil
}

// askTime is how long the terminal may take to say what became of a payment.
const askTime = 10 * time.Second

// notAnswered: a payment had begun and nobody can say what became of it.
func notAnswered(id string, err error) *terminalv1.PaymentReport {
	return &terminalv1.PaymentReport{
		PaymentId: id,
		Certainty: paymentv1.Certainty_CERTAINTY_UNKNOWN,
		NextStep:  paymentv1.NextStep_NEXT_STEP_RETRY_SAME_ID,
		Fault:     &paymentv1.PaymentFault{Code: "STREAM_CUT", Message: err.Error()},
	}
}

type payStream = grpc.BidiStreamingClient[terminalv1.PayRequest, terminalv1.PayResponse]

type paying struct {
	hands Hands
	out   io.Writer
	// id is known from the first event on, or the till's own.
	id string
	// isBegun: the terminal has said that the payment is in its journal.
	isBegun bool
	// interval is how often the terminal speaks. A terminal of an earlier version says nothing of
	// itself; then it is 0 after its first event.
	interval      time.Duration
	hasSignOfLife bool
	// failure of a person's hand; told when the terminal has confirmed that nothing happened.
	failure error
}

func (p *paying) run(
	ctx context.Context, connect Connect, order Order,
) (*terminalv1.PaymentReport, error) {
	connection, err := connect()
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := terminalv1.NewTerminalServiceClient(connection).Pay(ctx)
	if err != nil {
		return nil, err
	}
	start := &terminalv1.StartPayment{
		PaymentId: order.ID, Kind: order.Kind, Currency: order.Currency.Numeric,
		Amounts:       &paymentv1.Amounts{TotalMinor: order.Total},
		AcceptPartial: order.AcceptPartial, PreviousPaymentId: order.Previous,
		Traceparent: order.Traceparent,
	}
	request := &terminalv1.PayRequest{Step: &terminalv1.PayRequest_Start{Start: start}}
	if err := send(stream, request); err != nil {
		return nil, err
	}
	for {
		event, err := mesh.Receive(cancel, p.interval, stream.Recv)
		if err != nil {
			return nil, err
		}
		p.listen(event)
		if report := event.GetFinished(); report != nil {
			if p.failure != nil {
				return nil, p.failure
			}
			return report, stream.CloseSend()
		}
		if err := p.take(ctx, stream, event); err != nil {
			return nil, err
		}
	}
}

// listen learns how often this terminal speaks.
func (p *paying) listen(event *terminalv1.PayResponse) {
	if life := event.GetSignOfLife(); life != nil {
		p.hasSignOfLife = true
		p.interval = time.Duration(life.IntervalMs) * time.Millisecond
	} else if !p.hasSignOfLife {
		p.interval = 0
	}
}

func (p *paying) take(ctx context.Context, stream payStream, event *terminalv1.PayResponse) error {
	switch e := event.Event.(type) {
	case *terminalv1.PayResponse_Started:
		p.id, p.isBegun = e.Started.PaymentId, true
		p.tell("payment", "%s at reader %s", p.id, e.Started.ReaderSerial)
	case *terminalv1.PayResponse_Prepared:
		p.tell("reader shows", "%q", e.Prepared.DisplayLines)
		return p.check(stream, p.hands.PresentCard(ctx))
	case *terminalv1.PayResponse_ReaderEvent:
		p.tell("reader", "%s", words(e.ReaderEvent.Kind))
		if e.ReaderEvent.Kind == readerv1.ReaderEventKind_READER_EVENT_KIND_PIN_ENTRY_STARTED {
			return p.check(stream, p.hands.TypePIN(ctx))
		}
	case *terminalv1.PayResponse_ConfirmationNeeded:
		read := e.ConfirmationNeeded
		p.tell("card read", "%s %s, %s, %s",
			read.Scheme, read.MaskedPan, words(read.EntryMode), words(read.Verification))
		return p.confirm(stream, read)
	case *terminalv1.PayResponse_Submitted:
		p.tell("submitted", "to the relay")
	case *terminalv1.PayResponse_Recorded:
		p.tell("record number", "%s", Grouped(e.Recorded.RecordNumber))
	}
	return nil
}

// check cancels the payment when a hand failed; the end of the stream is waited for.
func (p *paying) check(stream payStream, err error) error {
	if err == nil {
		return nil
	}
	p.failure = errors.Join(p.failure, err)
	return send(stream, cancel)
}

// send takes no notice of a stream that the terminal has ended: what it said before, and why, comes
// with Recv.
func send(stream payStream, request *terminalv1.PayRequest) error {
	if err := stream.Send(request); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

var cancel = &terminalv1.PayRequest{
	Step: &terminalv1.PayRequest_Cancel{Cancel: &terminalv1.CancelPayment{}},
}

func (p *paying) confirm(stream payStream, read *readerv1.CardRead) error {
	if p.failure != nil {
		return nil // It was cancelled already; this event crossed that on its way.
	}
	isAgreed, err := p.hands.Confirm(read)
	if err != nil {
		return p.check(stream, err)
	}
	if !isAgreed {
		return send(stream, cancel)
	}
	confirm := &terminalv1.ConfirmPayment{}
	if asksForPIN(read.Verification) {
		pin, err := p.hands.PIN()
		if err != nil {
			return p.check(stream, err)
		}
		if pin == "" {
			confirm.PinSource = &terminalv1.ConfirmPayment_PinOnReader{PinOnReader: true}
		} else {
			confirm.PinSource = &terminalv1.ConfirmPayment_Pin{Pin: pin}
		}
	}
	request := &terminalv1.PayRequest{Step: &terminalv1.PayRequest_Confirm{Confirm: confirm}}
	return send(stream, request)
}

func asksForPIN(verification paymentv1.Verification) bool {
	return verification == paymentv1.Verification_VERIFICATION_ONLINE_PIN ||
		verification == paymentv1.Verification_VERIFICATION_OFFLINE_PIN
}

func (p *paying) tell(what, format string, facts ...any) {
	fmt.Fprintf(p.out, "%-13s %s\n", what, fmt.Sprintf(format, facts...))
}
