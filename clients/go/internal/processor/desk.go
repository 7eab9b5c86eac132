package processor

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	processorv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/processor/v1"
	"github.com/cardlane/cardlane/clients/go/internal/testcards"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/sealed"
	"github.com/cardlane/cardlane/clients/go/strictsig"
)

// resultLife is how long a reader may show a result.
const resultLife = 5 * time.Minute

// paymentKey is the idempotency key, for ever.
type paymentKey struct {
	merchantID string
	id         payment.ID
}

// counterKey: a reader's counter is never used for two payments.
type counterKey struct {
	signer  strictsig.PublicKey
	counter uint64
}

// decided is a payment with its latest signed answer.
type decided struct {
	digest  []byte
	relayID string
	result  *paymentv1.Result
	signed  *paymentv1.SignedResult
	// reader and total say what a PIN retry must repeat.
	reader string
	total  uint64
	// isAcknowledged: the relay has the result safely and may not reverse it any more.
	isAcknowledged bool
}

// clockToleranceMs is how far a reader's clock may be ahead.
const clockToleranceMs = 60_000

// desk decides payments and keeps the answers.
type desk struct {
	registry *registry
	keys     *keyring
	now      func() time.Time

	mu        sync.Mutex
	payments  map[paymentKey]*decided
	counters  map[counterKey]paymentKey
	reference uint64
}

func newDesk(registry *registry, keys *keyring, now func() time.Time) *desk {
	return &desk{
		registry: registry, keys: keys, now: now,
		payments: map[paymentKey]*decided{}, counters: map[counterKey]paymentKey{},
	}
}

// opened is a payment whose signature and boxes were checked.
type opened struct {
	*payment.ReaderPayment
	reader knownReader
	card   *paymentv1.CardData
}

func (o *opened) key() paymentKey { return paymentKey{o.Context.MerchantId, o.ID} }

// verify checks the reader's signature and what it stands for. A payment that is here already needs
// no more than that: it is answered, also when its devices are no longer served.
func (d *desk) verify(signed *paymentv1.SignedPayment) (*opened, error) {
	parsed, err := payment.ParseReaderPayment(signed.GetReaderPayment())
	if err != nil {
		return nil, err
	}
	reader, err := d.registry.readerOf(parsed)
	if err != nil {
		return nil, err
	}
	body := signed.GetReaderPayment()
	if !dsse.Verify(dsse.ReaderPayment, body, signed.GetSignature(), reader.Signing) {
		return nil, payment.Refuse(payment.SignatureRejected, "reader signature rejected")
	}
	return &opened{ReaderPayment: parsed, reader: reader}, nil
}

// known gives the stored answer to a payment that is here already, or why it cannot be it; neither
// for a new one.
func (d *desk) known(o *opened, relayID string) (*paymentv1.SignedResult, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.knownLocked(o, relayID)
}

func (d *desk) knownLocked(o *opened, relayID string) (*paymentv1.SignedResult, error) {
	before, ok := d.payments[o.key()]
	switch {
	case !ok:
		return nil, nil
	case before.relayID != relayID:
		return nil, payment.Refuse(payment.OwnedElsewhere, "another relay submitted this payment")
	case before.digest != nil && !bytes.Equal(before.digest, o.Digest[:]):
		return nil, payment.Refuse(payment.DuplicateDiffers, "the payment id was used for another payment")
	}
	return before.signed, nil
}

// open checks a new payment against registry and clock, and opens its card box.
func (d *desk) open(o *opened) error {
	for _, id := range [][]byte{o.Context.ReaderCertificateId, o.Context.TerminalCertificateId} {
		if d.keys.manifest.IsRevoked(id) {
			return payment.Refuse(payment.CertificateRejected, "certificate revoked")
		}
	}
	if err := d.registry.checkDevices(o.ReaderPayment, o.reader); err != nil {
		return err
	}
	now := d.now().UnixMilli()
	if o.Context.ReaderTimeMs > now+clockToleranceMs {
		return payment.Refuse(payment.ClockWrong, "the reader's clock is fast; set it right")
	}
	if now > o.Context.SubmitBeforeMs {
		return payment.Refuse(payment.SubmittedTooLate, "submit_before is over")
	}
	key, ok := d.keys.cardKey(o.Context.CardKeyId)
	if !ok {
		return payment.Refuse(payment.KeyNotValid, "card_key_id is not a key of this processor")
	}
	data, err := sealed.OpenCard(key, o.ContextDigest(), o.CardBox)
	if err != nil {
		return payment.Refuse(payment.SealedDataRejected, "sealed data rejected")
	}
	defer clear(data)
	o.card = new(paymentv1.CardData)
	if err := canonical.Unmarshal(data, o.card); err != nil || len(o.card.Pan) < 12 {
		return payment.Refuse(payment.SealedDataRejected, "sealed data rejected")
	}
	return nil
}

// decide says yes or no, signs it and keeps it. It gives nil where no answer is to be given.
func (d *desk) decide(
	o *opened, request *processorv1.AuthorizationRequest, relayID string, pin pinOutcome,
) (*paymentv1.SignedResult, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, err := d.knownLocked(o, relayID); known != nil || err != nil {
		return known, err
	}
	counter := counterKey{signer: o.reader.Signing, counter: o.Context.Counter}
	if _, isUsed := d.counters[counter]; isUsed {
		return nil, payment.Refuse(payment.CounterReused, "the reader's counter was used before")
	}
	if err := d.checkPrevious(o); err != nil {
		return nil, err
	}
	total := o.Context.Amounts.GetTotalMinor()
	code := decisionOf(o, pin, d.now())
	if code == noAnswer {
		return nil, nil
	}
	d.reference++
	result := d.resultOf(o.ReaderPayment, request.RecordNumber)
	result.RetrievalReference = fmt.Sprintf("%012d", d.reference)
	result.LastFour = o.card.Pan[len(o.card.Pan)-4:]
	result.Scheme = testcards.Scheme(o.card.Pan)
	result.ResponseCode = code
	if code == approvedCode {
		result.Outcome = paymentv1.Outcome_OUTCOME_APPROVED
		result.ApprovedAmountMinor = total
		result.ApprovalCode = rand.Text()[:6]
		if isPosted(o.Context.Kind) {
			result.SettlementDate = dateOf(d.now())
		}
	} else {
		result.Outcome = paymentv1.Outcome_OUTCOME_DECLINED
		if total%100 == suffixOf(code) {
			result.SimulatedBecause = "amount suffix " + code
		}
	}
	signed, err := d.sign(result)
	if err != nil {
		return nil, err
	}
	d.counters[counter] = o.key()
	d.payments[o.key()] = &decided{
		digest: o.Digest[:], relayID: relayID, result: result, signed: signed,
		reader: o.Context.ReaderSerial, total: total,
	}
	return signed, nil
}

// checkPrevious: a PIN retry repeats a payment that was declined with 55 or 1A.
func (d *desk) checkPrevious(o *opened) error {
	if len(o.Context.PreviousPaymentId) == 0 {
		return nil
	}
	key := paymentKey{o.Context.MerchantId, payment.ID(o.Context.PreviousPaymentId)}
	before, ok := d.payments[key]
	isRetry := ok && before.reader == o.Context.ReaderSerial &&
		before.total == o.Context.Amounts.GetTotalMinor() &&
		(before.result.ResponseCode == wrongPIN || before.result.ResponseCode == chipAndPINWanted)
	if !isRetry {
		return payment.Refuse(payment.WrongState, "previous_payment_id is no payment to be tried again")
	}
	return nil
}

// resultOf is what every result about a payment of a reader says.
func (d *desk) resultOf(p *payment.ReaderPayment, recordNumber string) *paymentv1.Result {
	now := d.now()
	return &paymentv1.Result{
		Version:         1,
		PaymentId:       p.ID[:],
		Revision:        1,
		RecordNumber:    recordNumber,
		ContextDigest:   p.ContextDigest(),
		Currency:        p.Context.Currency,
		ReaderSerial:    p.Context.ReaderSerial,
		MerchantId:      p.Context.MerchantId,
		ProcessorTimeMs: now.UnixMilli(),
		ValidUntilMs:    now.Add(resultLife).UnixMilli(),
	}
}

func (d *desk) sign(result *paymentv1.Result) (*paymentv1.SignedResult, error) {
	key, id, err := d.keys.resultKey(d.now())
	if err != nil {
		return nil, err
	}
	data, err := canonical.Marshal(result)
	if err != nil {
		return nil, err
	}
	return &paymentv1.SignedResult{
		Result: data, Signature: dsse.Sign(dsse.Result, data, key), KeyId: id,
	}, nil
}

func isPosted(kind paymentv1.PaymentKind) bool {
	return kind == paymentv1.PaymentKind_PAYMENT_KIND_SALE ||
		kind == paymentv1.PaymentKind_PAYMENT_KIND_REFUND
}

// dateOf is a business day in UTC, YYYYMMDD.
func dateOf(now time.Time) uint32 {
	year, month, day := now.UTC().Date()
	return uint32(year*10_000 + int(month)*100 + day)
}
