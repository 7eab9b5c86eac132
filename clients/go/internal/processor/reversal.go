package processor

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	processorv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/processor/v1"
	"github.com/cardlane/cardlane/clients/go/payment"
)

// reverse undoes a payment, or prevents one that was never seen: it becomes a tombstone.
func (d *desk) reverse(
	request *processorv1.ReversalRequest, relay knownRelay,
) (*paymentv1.SignedResult, error) {
	signed := request.GetReverse()
	if !dsse.Verify(dsse.Reverse, signed.GetReverse(), signed.GetSignature(), relay.Signing) {
		return nil, payment.Refuse(payment.SignatureRejected, "relay signature rejected")
	}
	order := new(paymentv1.Reverse)
	if err := canonical.Unmarshal(signed.GetReverse(), order); err != nil || order.Version != 1 {
		return nil, payment.Refuse(payment.MalformedRequest, "reverse must be in canonical serialisation")
	}
	if order.RelayId != relay.RelayId {
		return nil, payment.Refuse(payment.NotPermitted, "the order is another relay's")
	}
	id, err := payment.IDFromBytes(order.PaymentId)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := paymentKey{order.MerchantId, id}
	before, ok := d.payments[key]
	if !ok {
		return d.bury(key, order)
	}
	return d.undo(before, order)
}

// undo answers for a payment that is here: an approval becomes a reversal, anything else stays.
func (d *desk) undo(before *decided, order *paymentv1.Reverse) (*paymentv1.SignedResult, error) {
	switch {
	case before.relayID != order.RelayId:
		return nil, payment.Refuse(payment.OwnedElsewhere, "another relay submitted this payment")
	case before.digest != nil && !bytes.Equal(before.digest, order.Digest):
		return nil, payment.Refuse(payment.DuplicateDiffers, "digest is of another payment")
	case before.isAcknowledged, order.UnlessApproved,
		before.result.Outcome != paymentv1.Outcome_OUTCOME_APPROVED:
		return before.signed, nil
	}
	result := proto.CloneOf(before.result)
	now := d.now()
	result.Revision++
	result.Outcome = paymentv1.Outcome_OUTCOME_REVERSED
	result.ResponseCode, result.ApprovalCode, result.ApprovedAmountMinor = reversedInTime, "", 0
	result.ProcessorTimeMs, result.ValidUntilMs = now.UnixMilli(), now.Add(resultLife).UnixMilli()
	signed, err := d.sign(result)
	if err != nil {
		return nil, err
	}
	before.result, before.signed = result, signed
	return signed, nil
}

// bury writes a tombstone: should the payment arrive later, it gets this answer.
func (d *desk) bury(key paymentKey, order *paymentv1.Reverse) (*paymentv1.SignedResult, error) {
	context := new(paymentv1.PaymentContext)
	if err := canonical.Unmarshal(order.Context, context); err != nil {
		return nil, payment.Refuse(payment.MalformedRequest, "context must be in canonical serialisation")
	}
	isOwn := len(order.Context) == 0 ||
		bytes.Equal(context.PaymentId, order.PaymentId) && context.MerchantId == order.MerchantId
	if !isOwn {
		return nil, payment.Refuse(payment.MalformedRequest, "context is of another payment")
	}
	contextBytes := order.Context
	if len(contextBytes) == 0 {
		// Without the merchant the tombstone could be had for the same id under any other one.
		context.Version, context.PaymentId, context.MerchantId = 1, order.PaymentId, order.MerchantId
		var err error
		if contextBytes, err = canonical.Marshal(context); err != nil {
			return nil, err
		}
	}
	buried := &payment.ReaderPayment{ID: key.id, Context: context, ContextBytes: contextBytes}
	result := d.resultOf(buried, order.RecordNumber)
	result.Outcome = paymentv1.Outcome_OUTCOME_REVERSED
	result.ResponseCode = reversedInTime
	signed, err := d.sign(result)
	if err != nil {
		return nil, err
	}
	tombstone := &decided{relayID: order.RelayId, result: result, signed: signed}
	if !bytes.Equal(order.Digest, make([]byte, len(order.Digest))) {
		tombstone.digest = order.Digest
	}
	d.payments[key] = tombstone
	return signed, nil
}

// acknowledge: from here on the relay may not reverse the result.
func (d *desk) acknowledge(one *processorv1.Acknowledgement, relayID string) {
	id, err := payment.IDFromBytes(one.PaymentId)
	if err != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	before, ok := d.payments[paymentKey{one.MerchantId, id}]
	if ok && before.relayID == relayID && before.result.Revision == one.Revision {
		before.isAcknowledged = true
	}
}
