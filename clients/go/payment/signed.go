package payment

import (
	"crypto/sha512"
	"fmt"
	"time"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	"github.com/cardlane/cardlane/clients/go/sealed"
)

const readerPaymentMax = 1200

// timeMax is the end of the year 9999: a later time has no date of 14 digits (DE 12, 13).
const timeMax = 253_402_300_799_999

// SubmitWithin is how long after the signature a payment may be submitted for the first time.
const SubmitWithin = 120 * time.Second

// ReaderPayment is the signed bytes taken apart; the boxes stay sealed.
type ReaderPayment struct {
	ID      ID
	Context *paymentv1.PaymentContext
	// ContextBytes are the context as the reader serialised it.
	ContextBytes []byte
	CardBox      []byte
	// PINBox is empty without an online PIN.
	PINBox []byte
	// Digest tells a repeat from another payment: SHA-512 of the reader_payment bytes.
	Digest [sha512.Size]byte
}

// ParseReaderPayment checks every field. Believe it only after the signature over the same bytes
// was verified.
func ParseReaderPayment(raw []byte) (*ReaderPayment, error) {
	if len(raw) == 0 || len(raw) > readerPaymentMax {
		return nil, Refuse(MalformedRequest, "reader_payment is empty or too long")
	}
	var wire paymentv1.ReaderPayment
	if err := canonical.Unmarshal(raw, &wire); err != nil {
		return nil, Refuse(MalformedRequest, "reader_payment must be in canonical serialisation")
	}
	context := new(paymentv1.PaymentContext)
	if err := canonical.Unmarshal(wire.Context, context); err != nil {
		return nil, Refuse(MalformedRequest, "context must be in canonical serialisation")
	}
	if err := checkContext(context); err != nil {
		return nil, err
	}
	wantPIN := 0
	if context.Verification == paymentv1.Verification_VERIFICATION_ONLINE_PIN {
		wantPIN = sealed.PINBoxSize
	}
	if len(wire.CardBox) != sealed.CardBoxSize || len(wire.PinBox) != wantPIN {
		return nil, Refuse(MalformedRequest, fmt.Sprintf("boxes must be %d and %d bytes, got %d and %d",
			sealed.CardBoxSize, wantPIN, len(wire.CardBox), len(wire.PinBox)))
	}
	id, err := IDFromBytes(context.PaymentId)
	return &ReaderPayment{
		ID: id, Context: context, ContextBytes: wire.Context,
		CardBox: wire.CardBox, PINBox: wire.PinBox, Digest: sha512.Sum512(raw),
	}, err
}

// ContextDigest is H(context): what both boxes and the result are bound to.
func (p *ReaderPayment) ContextDigest() []byte {
	return dsse.Digest(dsse.PaymentContext, p.ContextBytes)
}

func checkContext(c *paymentv1.PaymentContext) error {
	hasPIN := c.Verification == paymentv1.Verification_VERIFICATION_ONLINE_PIN
	keyIDSize := 0
	if hasPIN {
		keyIDSize = 8
	}
	wrong := func(field string) error {
		return Refuse(MalformedRequest, field+" of the context is not as the contract says")
	}
	switch {
	case c.Version != 1:
		return wrong("version")
	case !isReaderKind(c.Kind):
		return wrong("kind")
	case len(c.PreviousPaymentId) != 0 && len(c.PreviousPaymentId) != IDSize:
		return wrong("previous_payment_id")
	case !IsSerial(c.ReaderSerial):
		return wrong("reader_serial")
	case !IsMerchantID(c.MerchantId):
		return wrong("merchant_id")
	case !IsTerminalID(c.TerminalId):
		return wrong("terminal_id")
	case len(c.ReaderCertificateId) != 8, len(c.TerminalCertificateId) != 8:
		return wrong("certificate id")
	case len(c.CardKeyId) != 8, len(c.PinKeyId) != keyIDSize:
		return wrong("key id")
	case c.Counter < 1:
		return wrong("counter")
	case paymentv1.EntryMode_name[int32(c.EntryMode)] == "" || c.EntryMode == 0:
		return wrong("entry_mode")
	case paymentv1.Verification_name[int32(c.Verification)] == "" || c.Verification == 0:
		return wrong("verification")
	case hasPIN != (c.PinEntry != paymentv1.PinEntry_PIN_ENTRY_UNSPECIFIED):
		return wrong("pin_entry")
	case c.ReaderTimeMs < 0, c.ReaderTimeMs > timeMax:
		return wrong("reader_time_ms")
	case c.SubmitBeforeMs < 0, c.SubmitBeforeMs > c.ReaderTimeMs+SubmitWithin.Milliseconds():
		return wrong("submit_before_ms")
	}
	return CheckAmounts(c.Amounts, c.Kind, c.Currency)
}

// isReaderKind: a card at the reader can start it.
func isReaderKind(kind paymentv1.PaymentKind) bool {
	switch kind {
	case paymentv1.PaymentKind_PAYMENT_KIND_SALE,
		paymentv1.PaymentKind_PAYMENT_KIND_AUTHORIZATION,
		paymentv1.PaymentKind_PAYMENT_KIND_REFUND,
		paymentv1.PaymentKind_PAYMENT_KIND_BALANCE_ENQUIRY,
		paymentv1.PaymentKind_PAYMENT_KIND_OFFLINE_SALE,
		paymentv1.PaymentKind_PAYMENT_KIND_DEFERRED_SALE:
		return true
	default:
		return false
	}
}

// CheckAmounts checks what is asked for: a kind that a reader takes a card for, the total against
// its range and its parts against the total.
func CheckAmounts(a *paymentv1.Amounts, kind paymentv1.PaymentKind, currency uint32) error {
	switch kind {
	case paymentv1.PaymentKind_PAYMENT_KIND_SALE,
		paymentv1.PaymentKind_PAYMENT_KIND_AUTHORIZATION,
		paymentv1.PaymentKind_PAYMENT_KIND_REFUND,
		paymentv1.PaymentKind_PAYMENT_KIND_BALANCE_ENQUIRY:
	default:
		return Refuse(NotSupported, fmt.Sprintf("a card is not taken for kind %v", kind))
	}
	if currency < 1 || currency > 999 {
		return Refuse(CurrencyNotAccepted, fmt.Sprintf("currency must be 1 to 999, got %d", currency))
	}
	total := a.GetTotalMinor()
	if kind == paymentv1.PaymentKind_PAYMENT_KIND_BALANCE_ENQUIRY {
		if total != 0 {
			return Refuse(AmountOutOfRange, "amounts.total_minor of a balance enquiry must be 0")
		}
		return nil
	}
	if total < 1 || total > AmountMax {
		return Refuse(AmountOutOfRange, fmt.Sprintf(
			"amounts.total_minor must be 1 to %d minor units, got %d", AmountMax, total))
	}
	left := total
	for _, part := range []uint64{a.GetTipMinor(), a.GetCashbackMinor(), a.GetSurchargeMinor()} {
		if part > left {
			return Refuse(AmountOutOfRange, "tip, cashback and surcharge must be at most the total")
		}
		left -= part
	}
	return nil
}
