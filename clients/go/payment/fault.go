// Package payment has the rules about payments that every program shares: refusals, signed payments
// taken apart, identifiers, money and trace context.
package payment

import (
	"errors"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
)

// Code is one of the closed table of refusals (docs/failure-modes.md).
type Code string

// The refusals that readers and processors give.
const (
	MalformedRequest    Code = "MALFORMED_REQUEST"
	AmountOutOfRange    Code = "AMOUNT_OUT_OF_RANGE"
	CurrencyNotAccepted Code = "CURRENCY_NOT_ACCEPTED"
	SignatureRejected   Code = "SIGNATURE_REJECTED"
	SealedDataRejected  Code = "SEALED_DATA_REJECTED"
	CertificateRejected Code = "CERTIFICATE_REJECTED"
	KeyNotValid         Code = "KEY_NOT_VALID"
	SubmittedTooLate    Code = "SUBMITTED_TOO_LATE"
	ClockWrong          Code = "CLOCK_WRONG"
	NotPermitted        Code = "NOT_PERMITTED"
	ReaderUnknown       Code = "READER_UNKNOWN"
	ReaderNotActive     Code = "READER_NOT_ACTIVE"
	TerminalUnknown     Code = "TERMINAL_UNKNOWN"
	TerminalNotActive   Code = "TERMINAL_NOT_ACTIVE"
	DuplicateDiffers    Code = "DUPLICATE_DIFFERS"
	CounterReused       Code = "COUNTER_REUSED"
	AlreadySigned       Code = "ALREADY_SIGNED"
	OwnedElsewhere      Code = "OWNED_ELSEWHERE"
	WrongState          Code = "WRONG_STATE"
	PaymentNotFound     Code = "PAYMENT_NOT_FOUND"
	ReaderBusy          Code = "READER_BUSY"
	CardNotRead         Code = "CARD_NOT_READ"
	PINNotEntered       Code = "PIN_NOT_ENTERED"
	NotSupported        Code = "NOT_SUPPORTED"
	DeadlineExceeded    Code = "DEADLINE_EXCEEDED"
	Internal            Code = "INTERNAL"
)

// nextSteps of the codes whose payment is surely not made; the others are unknown.
var nextSteps = map[Code]paymentv1.NextStep{
	MalformedRequest:    paymentv1.NextStep_NEXT_STEP_CORRECT_REQUEST,
	AmountOutOfRange:    paymentv1.NextStep_NEXT_STEP_CORRECT_REQUEST,
	CurrencyNotAccepted: paymentv1.NextStep_NEXT_STEP_CORRECT_REQUEST,
	KeyNotValid:         paymentv1.NextStep_NEXT_STEP_CORRECT_REQUEST,
	SubmittedTooLate:    paymentv1.NextStep_NEXT_STEP_CORRECT_REQUEST,
	ClockWrong:          paymentv1.NextStep_NEXT_STEP_CORRECT_REQUEST,
	ReaderBusy:          paymentv1.NextStep_NEXT_STEP_WAIT,
	CardNotRead:         paymentv1.NextStep_NEXT_STEP_INSERT_CARD,
	PINNotEntered:       paymentv1.NextStep_NEXT_STEP_ENTER_PIN,
}

// Error is a refusal. Its message says what was expected and what came; never card data.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Refuse makes an Error.
func Refuse(code Code, message string) error { return &Error{Code: code, Message: message} }

// FaultOf is what a peer is told of err: nothing of an error that is not a refusal.
func FaultOf(err error) *paymentv1.PaymentFault {
	refusal, ok := errors.AsType[*Error](err)
	if !ok {
		refusal = &Error{Code: Internal, Message: "INTERNAL"}
	}
	fault := &paymentv1.PaymentFault{
		Code:      string(refusal.Code),
		Message:   refusal.Message,
		Certainty: paymentv1.Certainty_CERTAINTY_FINAL,
		NextStep:  paymentv1.NextStep_NEXT_STEP_DO_NOT_RETRY,
	}
	if step, ok := nextSteps[refusal.Code]; ok {
		fault.NextStep = step
	}
	switch refusal.Code {
	case Internal, PaymentNotFound, DeadlineExceeded:
		fault.Certainty = paymentv1.Certainty_CERTAINTY_UNKNOWN
		fault.NextStep = paymentv1.NextStep_NEXT_STEP_RETRY_SAME_ID
	}
	return fault
}
