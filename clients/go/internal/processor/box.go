package processor

import (
	"context"
	"crypto/rand"
	"log/slog"

	"google.golang.org/protobuf/proto"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	processorv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/processor/v1"
	"github.com/cardlane/cardlane/clients/go/mesh"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/sealed"
)

// work answers a box in its own time; others may overtake it.
func (l *lane) work(ctx context.Context, box *processorv1.HopBox) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return
	}
	l.working.Go(func() {
		defer func() { <-l.slots }()
		if err := l.answer(ctx, box); err != nil && ctx.Err() == nil {
			slog.Warn("a box was not answered", "number", box.Number, "reason", err)
		}
	})
}

func (l *lane) answer(ctx context.Context, box *processorv1.HopBox) error {
	relay, hop, request, err := l.open(ctx, box)
	if err != nil {
		slog.Warn("a box was refused", "number", box.Number, "reason", err)
		refused := &processorv1.BoxRefused{Number: box.Number, Fault: payment.FaultOf(err)}
		return l.send(&processorv1.ProcessResponse{
			Frame: &processorv1.ProcessResponse_BoxRefused{BoxRefused: refused},
		})
	}
	answer := &processorv1.HopAnswer{Answers: l.answersTo(ctx, request, relay)}
	if len(request.Acknowledgements) > 0 {
		answer.AcknowledgedBoxes = []uint64{box.Number}
	}
	if len(answer.Answers) == 0 && len(answer.AcknowledgedBoxes) == 0 {
		return nil
	}
	message, err := proto.Marshal(answer)
	if err != nil {
		return err
	}
	data, err := hop.Seal(rand.Reader, sealed.Answer, message)
	if err != nil {
		return err
	}
	return l.send(&processorv1.ProcessResponse{Frame: &processorv1.ProcessResponse_Box{
		Box: &processorv1.HopBox{
			RelayKeyId: box.RelayKeyId, ProcessorKeyId: box.ProcessorKeyId, Sealed: data,
		},
	}})
}

// open checks whose box it is and reads it.
func (l *lane) open(
	ctx context.Context, box *processorv1.HopBox,
) (knownRelay, *sealed.Hop, *processorv1.HopRequest, error) {
	rejected := payment.Refuse(payment.SealedDataRejected, "sealed data rejected")
	relay, isServed := l.registry.relayByKey(box.RelayKeyId)
	key, isOwn := l.keys.hopKey(box.ProcessorKeyId)
	if !isServed || !isOwn || l.keys.manifest.IsRevoked(relay.ID) {
		return relay, nil, nil, rejected
	}
	if name := mesh.NameOf(ctx); name != "" && name != relay.RelayId {
		return relay, nil, nil, payment.Refuse(payment.NotPermitted, "the box is another relay's")
	}
	hop, err := sealed.NewHop(key, relay.HopKey, relay.RelayId)
	if err != nil {
		return relay, nil, nil, rejected
	}
	message, err := hop.Open(sealed.Request, box.Sealed)
	if err != nil {
		return relay, nil, nil, rejected
	}
	request := new(processorv1.HopRequest)
	if err := proto.Unmarshal(message, request); err != nil || entries(request) > entriesMax {
		return relay, nil, nil, payment.Refuse(payment.MalformedRequest, "a box holds up to 256 entries")
	}
	return relay, hop, request, nil
}

func entries(r *processorv1.HopRequest) int {
	return len(r.Authorizations) + len(r.Reversals) + len(r.Instructions) +
		len(r.Acknowledgements) + len(r.Completions)
}

// answersTo goes through the entries of a box. Acknowledgements are confirmed by the box.
func (l *lane) answersTo(
	ctx context.Context, request *processorv1.HopRequest, relay knownRelay,
) []*processorv1.Answer {
	for _, one := range request.Acknowledgements {
		l.desk.acknowledge(one, relay.RelayId)
	}
	var answers []*processorv1.Answer
	add := func(number uint64, signed *paymentv1.SignedResult, err error) {
		if answer := answerOf(number, signed, err); answer != nil {
			answers = append(answers, answer)
		}
	}
	for _, one := range request.Reversals {
		signed, err := l.desk.reverse(one, relay)
		add(one.RequestNumber, signed, err)
	}
	for _, answer := range l.authorize(ctx, request.Authorizations, relay) {
		add(answer.number, answer.signed, answer.err)
	}
	notSupported := payment.Refuse(payment.NotSupported, "this processor has only cards and reversals")
	for _, one := range request.Instructions {
		add(one.RequestNumber, nil, notSupported)
	}
	for _, one := range request.Completions {
		add(one.RequestNumber, nil, notSupported)
	}
	return answers
}

// answerOf gives nil where nothing is to be said.
func answerOf(number uint64, signed *paymentv1.SignedResult, err error) *processorv1.Answer {
	answer := &processorv1.Answer{RequestNumber: number}
	switch {
	case err != nil:
		answer.Answer = &processorv1.Answer_Fault{Fault: payment.FaultOf(err)}
	case signed != nil:
		answer.Answer = &processorv1.Answer_Result{Result: signed}
	default:
		return nil
	}
	return answer
}
