package reader

import (
	"bytes"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	"github.com/cardlane/cardlane/clients/go/internal/testcards"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/trust"
)

func (d *Device) prepare(
	terminal *trust.Terminal, prepare *readerv1.PreparePayment, traceparent string,
) (says, error) {
	if d.step == awaitingConfirm {
		return nil, payment.Refuse(payment.ReaderBusy, "a card was read for another payment")
	}
	id, err := payment.IDFromBytes(prepare.PaymentId)
	if err != nil {
		return nil, err
	}
	if err := payment.CheckAmounts(prepare.Amounts, prepare.Kind, prepare.Currency); err != nil {
		return nil, err
	}
	now := d.Now()
	if _, err := d.manifest.valid(now); err != nil {
		return nil, err
	}
	if err := d.store.dropStale(now); err != nil {
		return nil, err
	}
	if d.store.isTaken(id) {
		return nil, payment.Refuse(payment.AlreadySigned, "the reader has signed this payment_id already")
	}
	needsChip, err := d.checkPrevious(prepare)
	if err != nil {
		return nil, err
	}
	u := &underway{
		id: id, prepare: prepare, terminal: terminal, traceparent: traceparent,
		card: d.Card, entryMode: d.entryMode(needsChip),
	}
	total := prepare.Amounts.GetTotalMinor()
	u.verification = verificationFor(u.card, u.entryMode, total, prepare.Currency)
	d.enter(awaitingConfirm, u)
	return d.present(u, needsChip), nil
}

// present is a card that comes at once: everything from Prepared to CardRead.
func (d *Device) present(u *underway, needsChip bool) says {
	amount := payment.CurrencyByNumber(u.prepare.Currency).Format(u.prepare.Amounts.GetTotalMinor())
	prompt, wanted := "Insert, tap or swipe card", readerv1.ReaderEventKind_READER_EVENT_KIND_PROMPT_PRESENT_CARD
	if needsChip {
		prompt, wanted = "Insert card", readerv1.ReaderEventKind_READER_EVENT_KIND_PROMPT_INSERT_CARD
	}
	return says{
		{Message: &readerv1.ReaderMessage_Prepared{Prepared: &readerv1.Prepared{
			PaymentId: u.id[:], DisplayLines: []string{u.terminal.MerchantName, amount, prompt},
		}}},
		event(u, wanted),
		event(u, presented[u.entryMode]),
		{Message: &readerv1.ReaderMessage_CardRead{CardRead: &readerv1.CardRead{
			PaymentId: u.id[:], MaskedPan: u.card.Masked(), Scheme: testcards.Scheme(u.card.Number),
			EntryMode: u.entryMode, Verification: u.verification,
		}}},
	}
}

var presented = map[paymentv1.EntryMode]readerv1.ReaderEventKind{
	paymentv1.EntryMode_ENTRY_MODE_CHIP:        readerv1.ReaderEventKind_READER_EVENT_KIND_CARD_INSERTED,
	paymentv1.EntryMode_ENTRY_MODE_CONTACTLESS: readerv1.ReaderEventKind_READER_EVENT_KIND_CARD_TAPPED,
	paymentv1.EntryMode_ENTRY_MODE_MAGSTRIPE:   readerv1.ReaderEventKind_READER_EVENT_KIND_CARD_SWIPED,
	paymentv1.EntryMode_ENTRY_MODE_FALLBACK:    readerv1.ReaderEventKind_READER_EVENT_KIND_CARD_SWIPED,
}

func (d *Device) entryMode(needsChip bool) paymentv1.EntryMode {
	switch {
	case needsChip:
		return paymentv1.EntryMode_ENTRY_MODE_CHIP
	case d.EntryMode != paymentv1.EntryMode_ENTRY_MODE_UNSPECIFIED:
		return d.EntryMode
	default:
		return d.Card.EntryMode
	}
}

// Response codes (DE 39) after which a payment may be tried again with a PIN.
const (
	wrongPIN         = "55"
	chipAndPINWanted = "1A"
)

// checkPrevious: a retry must repeat the payment that was shown last, with the same terms.
func (d *Device) checkPrevious(prepare *readerv1.PreparePayment) (needsChip bool, err error) {
	if len(prepare.PreviousPaymentId) == 0 {
		return false, nil
	}
	if d.last != nil {
		before, code := d.last.payment.Context, d.last.result.ResponseCode
		isSame := bytes.Equal(before.PaymentId, prepare.PreviousPaymentId) &&
			before.Kind == prepare.Kind && before.Currency == prepare.Currency &&
			before.Amounts.GetTotalMinor() == prepare.Amounts.GetTotalMinor()
		if isSame && (code == wrongPIN || code == chipAndPINWanted) {
			return code == chipAndPINWanted, nil
		}
	}
	return false, payment.Refuse(payment.WrongState,
		"previous_payment_id must be the payment shown last as declined with 55 or 1A")
}
