package reader

import (
	"bytes"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	"github.com/cardlane/cardlane/clients/go/payment"
)

// showResult shows what the processor signed, or UNKNOWN: nothing but its signature is believed.
func (d *Device) showResult(signed *paymentv1.SignedResult) (says, error) {
	if d.step == awaitingConfirm {
		return nil, payment.Refuse(payment.ReaderBusy, "a card was read for another payment")
	}
	answer := d.check(signed)
	if answer == nil {
		var id []byte
		if d.current != nil {
			id = d.current.id[:]
		}
		return says{unknown(id)}, nil
	}
	if err := d.store.drop(answer.payment.ID); err != nil {
		return nil, err
	}
	d.last = answer
	shown, err := d.shownOf(answer, signed)
	if err != nil {
		return nil, err
	}
	said := says{{Message: &readerv1.ReaderMessage_ResultShown{ResultShown: shown}}}
	// A late answer to an earlier payment must not end the one underway.
	if u := d.current; u != nil && u.id == answer.payment.ID {
		said[0].Traceparent = u.traceparent
		d.enter(idle, nil)
	}
	return said, nil
}

// check gives nil for whatever is not a valid answer to a payment of this reader.
func (d *Device) check(signed *paymentv1.SignedResult) *answered {
	now := d.Now()
	manifest, err := d.manifest.valid(now)
	if err != nil {
		return nil
	}
	result, err := manifest.VerifyResult(signed)
	if err != nil || len(result.PaymentId) != payment.IDSize {
		return nil
	}
	var to *payment.ReaderPayment
	isRepeat := d.last != nil && bytes.Equal(d.last.result.PaymentId, result.PaymentId)
	if isRepeat {
		to = d.last.payment
	} else if kept, ok := d.store.kept[payment.ID(result.PaymentId)]; ok {
		to = kept.parsed
	} else {
		return nil
	}
	if result, err = manifest.VerifyAnswer(signed, to); err != nil {
		return nil
	}
	if now.UnixMilli() > result.ValidUntilMs || isRepeat && isOlder(result, d.last.result) {
		return nil
	}
	return &answered{payment: to, result: result}
}

// isOlder also holds for a second answer of one revision that says something else.
func isOlder(result, before *paymentv1.Result) bool {
	if result.Revision != before.Revision {
		return result.Revision < before.Revision
	}
	return result.Outcome != before.Outcome
}

func (d *Device) shownOf(
	answer *answered, signed *paymentv1.SignedResult,
) (*readerv1.ResultShown, error) {
	result := answer.result
	shown := &readerv1.ResultShown{PaymentId: result.PaymentId}
	switch result.Outcome {
	case paymentv1.Outcome_OUTCOME_APPROVED, paymentv1.Outcome_OUTCOME_PARTIALLY_APPROVED:
		amount := payment.CurrencyByNumber(result.Currency).Format(result.ApprovedAmountMinor)
		shown.Shown = readerv1.ShownOutcome_SHOWN_OUTCOME_APPROVED
		shown.DisplayLines = []string{"APPROVED", amount}
	case paymentv1.Outcome_OUTCOME_DECLINED:
		shown.Shown = readerv1.ShownOutcome_SHOWN_OUTCOME_DECLINED
		shown.DisplayLines = []string{"DECLINED", "Nothing was charged"}
	default:
		shown.Shown = readerv1.ShownOutcome_SHOWN_OUTCOME_REVERSED
		shown.DisplayLines = []string{"REVERSED", "Nothing was charged"}
	}
	isChip := answer.payment.Context.EntryMode == paymentv1.EntryMode_ENTRY_MODE_CHIP
	if !isChip || shown.Shown != readerv1.ShownOutcome_SHOWN_OUTCOME_APPROVED {
		return shown, nil
	}
	var err error
	shown.Completion, err = d.complete(result.PaymentId, signed.Result)
	return shown, err
}

// complete is the chip's word on an approval; the simulated chip accepts all.
func (d *Device) complete(id, result []byte) (*paymentv1.SignedCompletion, error) {
	body, err := canonical.Marshal(&paymentv1.Completion{
		Version:      1,
		PaymentId:    id,
		ResultDigest: dsse.Digest(dsse.Result, result),
		CardOutcome:  paymentv1.CardOutcome_CARD_OUTCOME_ACCEPTED,
		ReaderTimeMs: d.Now().UnixMilli(),
	})
	if err != nil {
		return nil, err
	}
	return &paymentv1.SignedCompletion{
		Completion: body, Signature: dsse.Sign(dsse.Completion, body, d.Signing),
	}, nil
}

func (d *Device) showUnknown(id []byte) (says, error) {
	if d.step == awaitingConfirm {
		return nil, payment.Refuse(payment.ReaderBusy, "a card was read for another payment")
	}
	said := unknown(id)
	if d.current != nil {
		said.Traceparent = d.current.traceparent
	}
	d.enter(idle, nil)
	return says{said}, nil
}

func unknown(id []byte) *readerv1.ReaderMessage {
	return &readerv1.ReaderMessage{Message: &readerv1.ReaderMessage_ResultShown{
		ResultShown: &readerv1.ResultShown{
			PaymentId: id, Shown: readerv1.ShownOutcome_SHOWN_OUTCOME_UNKNOWN,
			DisplayLines: []string{"UNKNOWN", "Wait for the cashier"},
		},
	}}
}
