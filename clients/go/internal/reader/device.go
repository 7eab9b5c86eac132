// Package reader is a small card reader in software: the reader's side of stream 1, with its keys,
// counter and PIN keys on disk. It presents one test card to every payment by itself.
package reader

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"
	"sync"
	"time"

	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	"github.com/cardlane/cardlane/clients/go/internal/testcards"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/trust"
)

// Options are what a reader is and which card is held to it.
type Options struct {
	Certificate       *keysv1.SignedEnvelope
	Roots             *trust.Roots
	Identity, Signing ed25519.PrivateKey
	Card              testcards.Card
	// EntryMode overrides the way in which the card is presented.
	EntryMode paymentv1.EntryMode
	// PIN is typed on the reader's own keys when the terminal asks for that; empty: no PIN pad.
	PIN    string
	Now    func() time.Time
	Random io.Reader
}

type step int

const (
	idle step = iota
	awaitingConfirm
	awaitingResult
)

// How long the reader waits in each step.
var patience = map[step]time.Duration{
	awaitingConfirm: time.Minute,
	awaitingResult:  3 * time.Minute,
}

// underway is a payment from the prepare command on, with the card that was read for it.
type underway struct {
	id           payment.ID
	prepare      *readerv1.PreparePayment
	terminal     *trust.Terminal
	traceparent  string
	card         testcards.Card
	entryMode    paymentv1.EntryMode
	verification paymentv1.Verification
}

// answered is the last result that was shown.
type answered struct {
	payment *payment.ReaderPayment
	result  *paymentv1.Result
}

// Device is the reader apart from its connections. Each input is taken whole, one after the other,
// and gives the messages to be said to the terminal.
type Device struct {
	Options
	certificate *trust.Reader
	store       *store
	manifest    *keptManifest

	mu       sync.Mutex
	step     step
	deadline time.Time
	current  *underway
	last     *answered
}

type says = []*readerv1.ReaderMessage

// obey takes one message of the attached terminal. A step that does not happen becomes a fault.
func (d *Device) obey(terminal *trust.Terminal, message *readerv1.TerminalMessage) says {
	d.mu.Lock()
	defer d.mu.Unlock()
	said, id, err := d.dispatch(terminal, message)
	if err != nil {
		fault := &readerv1.ReaderMessage_Fault{Fault: payment.FaultOf(err)}
		said = append(said, &readerv1.ReaderMessage{Message: fault, FaultPaymentId: id})
	}
	for _, one := range said {
		if d.current != nil && one.Traceparent == "" {
			one.Traceparent = d.current.traceparent
		}
	}
	return said
}

// dispatch also gives the id of the payment that an error is about.
func (d *Device) dispatch(
	terminal *trust.Terminal, message *readerv1.TerminalMessage,
) (said says, id []byte, err error) {
	switch m := message.Message.(type) {
	case *readerv1.TerminalMessage_PreparePayment:
		said, err = d.prepare(terminal, m.PreparePayment, message.Traceparent)
		return said, m.PreparePayment.PaymentId, err
	case *readerv1.TerminalMessage_Confirm:
		said, err = d.confirm(m.Confirm)
		return said, m.Confirm.PaymentId, err
	case *readerv1.TerminalMessage_Cancel:
		said, err = d.cancel(m.Cancel.PaymentId)
		return said, m.Cancel.PaymentId, err
	case *readerv1.TerminalMessage_ShowResult:
		said, err = d.showResult(m.ShowResult.Result)
		return said, nil, err
	case *readerv1.TerminalMessage_ShowUnknown:
		said, err = d.showUnknown(m.ShowUnknown.PaymentId)
		return said, m.ShowUnknown.PaymentId, err
	case *readerv1.TerminalMessage_ResendPayment:
		said, err = d.resend(m.ResendPayment.PaymentId)
		return said, m.ResendPayment.PaymentId, err
	default:
		return nil, nil, payment.Refuse(payment.NotSupported, fmt.Sprintf("the reader knows no %T", m))
	}
}

func (d *Device) confirm(confirm *readerv1.Confirm) (says, error) {
	u, err := d.requireUnderway(confirm.PaymentId, awaitingConfirm)
	if err != nil {
		return nil, err
	}
	pin, said, err := d.pinOf(u, confirm)
	if err != nil {
		return nil, err
	}
	signed, err := d.sign(u, pin)
	if err != nil {
		d.enter(idle, nil) // Nothing has left the reader.
		return said, err
	}
	d.enter(awaitingResult, u)
	return append(said, &readerv1.ReaderMessage{Message: &readerv1.ReaderMessage_PaymentReady{
		PaymentReady: &readerv1.PaymentReady{Payment: signed},
	}}), nil
}

// pinOf gives the PIN to seal: nil where none is asked for or the chip compares it itself.
func (d *Device) pinOf(u *underway, confirm *readerv1.Confirm) (*typedPIN, says, error) {
	isOnline := u.verification == paymentv1.Verification_VERIFICATION_ONLINE_PIN
	isOffline := u.verification == paymentv1.Verification_VERIFICATION_OFFLINE_PIN
	if !isOnline && !isOffline {
		return nil, nil, nil
	}
	var pin *typedPIN
	var said says
	if typed := confirm.GetPin(); typed != "" {
		pin = &typedPIN{digits: typed, entry: paymentv1.PinEntry_PIN_ENTRY_TERMINAL}
	} else if confirm.GetPinOnReader() && d.PIN != "" {
		pin = &typedPIN{digits: d.PIN, entry: paymentv1.PinEntry_PIN_ENTRY_READER}
		said = says{event(u, readerv1.ReaderEventKind_READER_EVENT_KIND_PIN_ENTRY_STARTED)}
	} else {
		return nil, nil, payment.Refuse(payment.PINNotEntered, "this card asks for a PIN")
	}
	if isOnline {
		return pin, said, nil
	}
	if pin.digits != testcards.PIN {
		return nil, nil, payment.Refuse(payment.PINNotEntered, "the card refused the PIN")
	}
	return nil, said, nil
}

func (d *Device) cancel(id []byte) (says, error) {
	u, err := d.requireUnderway(id, awaitingConfirm, awaitingResult)
	if err != nil {
		return nil, err
	}
	if d.step == awaitingResult { // The terminal alone knows that it was not submitted.
		if err := d.store.drop(u.id); err != nil {
			return nil, err
		}
	}
	return d.stop(readerv1.CancelledBy_CANCELLED_BY_TERMINAL), nil
}

func (d *Device) stop(by readerv1.CancelledBy) says {
	u := d.current
	d.enter(idle, nil)
	return says{{
		Traceparent: u.traceparent,
		Message: &readerv1.ReaderMessage_Cancelled{
			Cancelled: &readerv1.Cancelled{PaymentId: u.id[:], CancelledBy: by},
		},
	}}
}

func (d *Device) resend(raw []byte) (says, error) {
	id, err := payment.IDFromBytes(raw)
	if err != nil {
		return nil, err
	}
	kept, ok := d.store.kept[id]
	if !ok {
		return nil, payment.Refuse(payment.PaymentNotFound, "the reader has no signed bytes of this payment")
	}
	return says{{Message: &readerv1.ReaderMessage_PaymentReady{
		PaymentReady: &readerv1.PaymentReady{Payment: kept.signed},
	}}}, nil
}

// expire ends a step that took too long.
func (d *Device) expire() says {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.step == idle || d.Now().Before(d.deadline) {
		return nil
	}
	if d.step == awaitingConfirm {
		return d.stop(readerv1.CancelledBy_CANCELLED_BY_TIMEOUT)
	}
	d.enter(idle, nil) // Signed bytes are kept: the answer may still come.
	return nil
}

// cut: the session is gone. What was signed is kept, its answer may come in the next session.
func (d *Device) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.step == awaitingConfirm {
		d.enter(idle, nil)
	}
}

func (d *Device) isIdle() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.step == idle
}

func (d *Device) enter(next step, u *underway) {
	d.step, d.current = next, u
	d.deadline = d.Now().Add(patience[next])
}

func (d *Device) requireUnderway(id []byte, steps ...step) (*underway, error) {
	for _, one := range steps {
		if d.step == one && d.current != nil && bytes.Equal(d.current.id[:], id) {
			return d.current, nil
		}
	}
	return nil, payment.Refuse(payment.WrongState, "the reader is not at this step of this payment_id")
}

func event(u *underway, kind readerv1.ReaderEventKind) *readerv1.ReaderMessage {
	return &readerv1.ReaderMessage{Message: &readerv1.ReaderMessage_Event{
		Event: &readerv1.ReaderEvent{PaymentId: u.id[:], Kind: kind},
	}}
}
