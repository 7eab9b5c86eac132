package reader

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	"github.com/cardlane/cardlane/clients/go/dukpt"
	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	"github.com/cardlane/cardlane/clients/go/internal/testcards"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/sealed"
)

// typedPIN is a PIN and where it was typed.
type typedPIN struct {
	digits string
	entry  paymentv1.PinEntry
}

// sign seals card data and PIN and signs the payment. Every durable step comes before what it
// protects: PIN key register, then counter, then the bytes; nothing leaves before all are stored.
// pin is nil without an online PIN.
func (d *Device) sign(u *underway, pin *typedPIN) (*paymentv1.SignedPayment, error) {
	now := d.Now()
	manifest, err := d.manifest.valid(now)
	if err != nil {
		return nil, err
	}
	cardKey, err := manifest.CurrentKey(keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_CARD, now)
	if err != nil {
		return nil, payment.Refuse(payment.KeyNotValid, err.Error())
	}
	context := d.contextOf(u, now)
	context.CardKeyId = cardKey.KeyId
	context.ManifestNumber = manifest.Number
	var pinKey *keysv1.ManifestKey
	var ksn, block []byte
	if pin != nil {
		pinKey, err = manifest.CurrentKey(keysv1.KeyPurpose_KEY_PURPOSE_PIN_SERVICE, now)
		if err != nil {
			return nil, payment.Refuse(payment.KeyNotValid, err.Error())
		}
		context.PinKeyId, context.PinEntry = pinKey.KeyId, pin.entry
		if ksn, block, err = d.encipher(pin.digits, u.card.Number); err != nil {
			return nil, err
		}
	}
	if context.Counter, err = d.store.takeCounter(u.id); err != nil {
		return nil, err
	}
	contextBytes, err := canonical.Marshal(context)
	if err != nil {
		return nil, err
	}
	digest := dsse.Digest(dsse.PaymentContext, contextBytes)
	body := &paymentv1.ReaderPayment{Context: contextBytes}
	if body.CardBox, err = d.sealCard(u, context, cardKey.PublicKey, digest); err != nil {
		return nil, err
	}
	if pin != nil {
		body.PinBox, err = sealed.SealPIN(d.Random, pinKey.PublicKey, digest, ksn, block)
		if err != nil {
			return nil, err
		}
	}
	bodyBytes, err := canonical.Marshal(body)
	if err != nil {
		return nil, err
	}
	signed := &paymentv1.SignedPayment{
		ReaderPayment: bodyBytes,
		Signature:     dsse.Sign(dsse.ReaderPayment, bodyBytes, d.Signing),
	}
	return signed, d.store.keep(signed)
}

// contextOf is all of the context that does not come from counter and keys.
func (d *Device) contextOf(u *underway, now time.Time) *paymentv1.PaymentContext {
	return &paymentv1.PaymentContext{
		Version:               1,
		PaymentId:             u.id[:],
		PreviousPaymentId:     u.prepare.PreviousPaymentId,
		ReaderSerial:          d.certificate.Serial,
		ReaderCertificateId:   d.certificate.ID,
		Kind:                  u.prepare.Kind,
		Amounts:               u.prepare.Amounts,
		Currency:              u.prepare.Currency,
		AcceptPartial:         u.prepare.AcceptPartial,
		MerchantId:            u.terminal.MerchantId,
		TerminalId:            u.terminal.TerminalId,
		TerminalCertificateId: u.terminal.ID,
		EntryMode:             u.entryMode,
		Verification:          u.verification,
		ReaderTimeMs:          now.UnixMilli(),
		SubmitBeforeMs:        now.Add(payment.SubmitWithin).UnixMilli(),
	}
}

func (d *Device) encipher(pin, pan string) (ksn, block []byte, err error) {
	ksn, pinKey, err := d.store.takePINKey()
	if err != nil {
		return nil, nil, err
	}
	defer clear(pinKey)
	block, err = dukpt.EncipherPIN(pinKey, pin, pan, d.Random)
	if err != nil {
		return nil, nil, payment.Refuse(payment.PINNotEntered, err.Error())
	}
	return ksn, block, nil
}

func (d *Device) sealCard(
	u *underway, context *paymentv1.PaymentContext, recipient, digest []byte,
) ([]byte, error) {
	data := &paymentv1.CardData{Pan: u.card.Number, ExpirationDate: u.card.Expiration}
	if isStripe(u.entryMode) {
		data.ServiceCode = serviceCode
		data.Track2 = fmt.Sprintf("%s=%s%s00000000", u.card.Number, u.card.Expiration, serviceCode)
	} else {
		sequence := uint32(1)
		data.CardSequenceNumber = &sequence
		data.EmvData = d.chipData(context, u.terminal.Country)
	}
	plain, err := canonical.Marshal(data)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	return sealed.SealCard(d.Random, recipient, digest, plain)
}

// serviceCode: international card with a chip, no restrictions (ISO/IEC 7813).
const serviceCode = "201"

// chipData is what a chip hands out for authorization (DE 55) as BER-TLV. It is simulated: no card
// has computed the cryptogram in 9F26, which is random.
func (d *Device) chipData(context *paymentv1.PaymentContext, country uint32) []byte {
	cryptogram, unpredictable := make([]byte, 8), make([]byte, 4)
	_, _ = d.Random.Read(cryptogram)
	_, _ = d.Random.Read(unpredictable)
	return slices.Concat(
		tlv("9f26", cryptogram),
		tlv("9f27", unhex("80")), // An ARQC: the card asks to go online.
		tlv("9f10", unhex("06010a03a0b800")),
		tlv("9f37", unpredictable),
		tlv("9f36", unhex(fmt.Sprintf("%04x", context.Counter&0xffff))),
		tlv("95", unhex("0000008000")),
		tlv("9a", unhex(time.UnixMilli(context.ReaderTimeMs).UTC().Format("060102"))),
		tlv("9c", unhex("00")),
		tlv("9f02", unhex(fmt.Sprintf("%012d", context.Amounts.GetTotalMinor()))),
		tlv("5f2a", unhex(fmt.Sprintf("%04d", context.Currency))),
		tlv("82", unhex("3900")),
		tlv("9f1a", unhex(fmt.Sprintf("%04d", country))),
	)
}

// tlv is a primitive BER-TLV object with a length below 128.
func tlv(tag string, value []byte) []byte {
	return slices.Concat(unhex(tag), []byte{byte(len(value))}, value)
}

func unhex(text string) []byte {
	data, err := hex.DecodeString(text)
	if err != nil {
		panic(err) // Only literals and formatted numbers come here.
	}
	return data
}

func isStripe(mode paymentv1.EntryMode) bool {
	return mode == paymentv1.EntryMode_ENTRY_MODE_MAGSTRIPE ||
		mode == paymentv1.EntryMode_ENTRY_MODE_FALLBACK
}

// tapWithoutPIN is the limit up to which a tap needs no PIN, in whole units of the currency.
const tapWithoutPIN = 50

// verificationFor says how the holder has to be verified, by card, way of reading and amount.
func verificationFor(
	card testcards.Card, mode paymentv1.EntryMode, total uint64, currency uint32,
) paymentv1.Verification {
	if isStripe(mode) {
		return paymentv1.Verification_VERIFICATION_SIGNATURE
	}
	if mode != paymentv1.EntryMode_ENTRY_MODE_CONTACTLESS {
		return card.Verification
	}
	limit := uint64(tapWithoutPIN)
	for range payment.CurrencyByNumber(currency).Digits {
		limit *= 10
	}
	if card.PINOnTap || total > limit {
		return paymentv1.Verification_VERIFICATION_ONLINE_PIN
	}
	return paymentv1.Verification_VERIFICATION_NONE
}
