package processor

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	pinv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/pin/v1"
	processorv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/processor/v1"
	"github.com/cardlane/cardlane/clients/go/payment"
)

// authorization is one payment of a box on its way to an answer.
type authorization struct {
	number  uint64
	request *processorv1.AuthorizationRequest
	opened  *opened
	pin     pinOutcome
	signed  *paymentv1.SignedResult
	err     error
	// over is when the relay gives up and reverses.
	over time.Time
}

func (a *authorization) isOpen() bool { return a.signed == nil && a.err == nil }

// late: nobody waits for a decision any more. What was decided before is answered at any time.
func (a *authorization) late() error {
	if time.Now().Before(a.over) {
		return nil
	}
	return payment.Refuse(payment.DeadlineExceeded, "time_left_ms is over")
}

// authorize verifies all payments of a box, has their PINs verified at once, and decides them.
func (l *lane) authorize(
	ctx context.Context, requests []*processorv1.AuthorizationRequest, relay knownRelay,
) []*authorization {
	all := make([]*authorization, len(requests))
	for i, request := range requests {
		a := &authorization{
			number: request.RequestNumber, request: request,
			over: time.Now().Add(time.Duration(request.TimeLeftMs) * time.Millisecond),
		}
		a.opened, a.err = l.desk.verify(request.Payment)
		if a.err == nil {
			a.signed, a.err = l.desk.known(a.opened, relay.RelayId)
		}
		if a.isOpen() {
			a.err = a.late()
		}
		if a.isOpen() {
			a.err = l.desk.open(a.opened)
		}
		all[i] = a
	}
	l.verifyPINs(ctx, all)
	for _, a := range all {
		if a.isOpen() {
			a.err = a.late()
		}
		if a.isOpen() {
			a.signed, a.err = l.desk.decide(a.opened, a.request, relay.RelayId, a.pin)
		}
		logAnswer(a, relay.RelayId)
	}
	return all
}

// verifyPINs asks the PIN service about every online PIN. Without an answer a payment is declined
// with 91, never approved.
func (l *lane) verifyPINs(ctx context.Context, all []*authorization) {
	var asked []*authorization
	var questions []*pinv1.PinVerification
	for _, a := range all {
		if !a.isOpen() || len(a.opened.PINBox) == 0 {
			continue
		}
		a.pin = pinUnavailable
		asked = append(asked, a)
		questions = append(questions, &pinv1.PinVerification{
			Context: a.opened.ContextBytes, PinBox: a.opened.PINBox, Pan: a.opened.card.Pan,
			Digest: a.opened.Digest[:], DukptInitialKeyId: a.opened.reader.DukptInitialKeyId,
			Traceparent: a.request.Traceparent,
		})
	}
	if len(asked) == 0 || l.pins == nil {
		return
	}
	outcomes, err := l.pins.verify(ctx, questions)
	if err != nil {
		slog.Warn("no verdict of the PIN service", "reason", err)
		return
	}
	for i, a := range asked {
		a.pin = outcomes[i]
	}
}

// logAnswer tells what was said, and nothing that was on a card.
func logAnswer(a *authorization, relayID string) {
	said := "nothing"
	switch {
	case a.err != nil:
		said = a.err.Error()
	case a.signed != nil:
		said = fmt.Sprintf("a result of %d bytes", len(a.signed.Result))
	}
	slog.Info("authorization", "relay", relayID, "record", a.request.RecordNumber,
		"trace", a.request.Traceparent, "answer", said)
}
