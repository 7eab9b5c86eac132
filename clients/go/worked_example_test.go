package cardlane_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	"github.com/cardlane/cardlane/clients/go/dukpt"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	"github.com/cardlane/cardlane/clients/go/internal/vectors"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/sealed"
	"github.com/cardlane/cardlane/clients/go/strictsig"
)

// The payment of docs/protocol/example.md: every byte from fixed inputs.
const (
	examplePAN = "4242424242424242"
	examplePIN = "1234"
)

var (
	readerSigning  = ed25519.NewKeyFromSeed(repeated(0x01, 32))
	cardKey        = agreement(0x02)
	pinServiceKey  = agreement(0x03)
	resultKey      = ed25519.NewKeyFromSeed(repeated(0x04, 32))
	relayHop       = agreement(0x05)
	processorHop   = agreement(0x06)
	baseKey        = unhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
	initialKeyID   = unhex("1234567890123456")
	examplePayment = unhex("01932b5e8c1a70008000000000000001")
)

type workedExample struct {
	Outputs map[string]vectors.Hex
}

func TestWorkedExample(t *testing.T) {
	want := vectors.Load[workedExample](t, "worked-example.json").Outputs
	got := computeExample(t)
	for name, value := range want {
		if !bytes.Equal(got[name], value) {
			t.Errorf("%s = %x, want %x", name, got[name], []byte(value))
		}
	}
	if len(got) != len(want) {
		t.Errorf("computed %d outputs, want %d", len(got), len(want))
	}
}

func TestWorkedExampleOpens(t *testing.T) {
	e := vectors.Load[workedExample](t, "worked-example.json").Outputs
	data, err := sealed.OpenCard(cardKey, e["context_digest"], e["card_box"])
	check(t, err)
	var card paymentv1.CardData
	check(t, canonical.Unmarshal(data, &card))
	if card.Pan != examplePAN {
		t.Error("the card box holds another card number")
	}
	ksn, block, err := sealed.OpenPIN(pinServiceKey, e["context_digest"], e["pin_box"])
	check(t, err)
	if !bytes.Equal(ksn, e["key_serial_number"]) || !bytes.Equal(block, e["pin_block"]) {
		t.Error("the PIN box holds another block")
	}
	parsed, err := payment.ParseReaderPayment(readerPayment(t, e["context"], e["card_box"], e["pin_box"]))
	check(t, err)
	if !bytes.Equal(parsed.Digest[:], e["idempotency_digest"]) {
		t.Error("another idempotency digest")
	}
}

func TestWorkedExampleWithOneBitFlippedIsRefused(t *testing.T) {
	e := vectors.Load[workedExample](t, "worked-example.json").Outputs
	digest := e["context_digest"]
	body := readerPayment(t, e["context"], e["card_box"], e["pin_box"])
	hop, err := sealed.NewHop(processorHop, relayHop.PublicKey().Bytes(), "A1")
	check(t, err)
	reader, processor := strictsig.PublicKeyOf(readerSigning), strictsig.PublicKeyOf(resultKey)
	tests := []struct {
		name      string
		data      []byte
		isRefused func(flipped []byte) bool
	}{
		{"context digest", digest, func(f []byte) bool {
			_, err := sealed.OpenCard(cardKey, f, e["card_box"])
			_, _, err2 := sealed.OpenPIN(pinServiceKey, f, e["pin_box"])
			return err != nil && err2 != nil
		}},
		{"card box", e["card_box"], func(f []byte) bool {
			_, err := sealed.OpenCard(cardKey, digest, f)
			return err != nil
		}},
		{"PIN box", e["pin_box"], func(f []byte) bool {
			_, _, err := sealed.OpenPIN(pinServiceKey, digest, f)
			return err != nil
		}},
		{"hop box", e["hop_box"], func(f []byte) bool {
			_, err := hop.Open(sealed.Request, f)
			return err != nil
		}},
		{"payment", body, func(f []byte) bool {
			return !dsse.Verify(dsse.ReaderPayment, f, e["payment_signature"], reader)
		}},
		{"payment signature", e["payment_signature"], func(f []byte) bool {
			return !dsse.Verify(dsse.ReaderPayment, body, f, reader)
		}},
		{"result", e["result"], func(f []byte) bool {
			return !dsse.Verify(dsse.Result, f, e["result_signature"], processor)
		}},
		{"result signature", e["result_signature"], func(f []byte) bool {
			return !dsse.Verify(dsse.Result, e["result"], f, processor)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.isRefused(test.data) {
				t.Fatal("refused as it is")
			}
			for i, flipped := range vectors.Flips(test.data) {
				if !test.isRefused(flipped) {
					t.Errorf("accepted with a bit of byte %d flipped", i)
				}
			}
		})
	}
}

func TestOtherSerialisationsAreRefused(t *testing.T) {
	result := vectors.Load[workedExample](t, "worked-example.json").Outputs["result"]
	tests := map[string][]byte{
		"unknown field":   append(bytes.Clone(result), 0xf8, 0x07, 0x01),
		"repeated field":  append(bytes.Clone(result), 0x08, 0x01),
		"padded number":   append([]byte{0x08, 0x81, 0x00}, result[2:]...),
		"default written": append(bytes.Clone(result), 0x98, 0x01, 0x00),
		"cut":             result[:len(result)-1],
	}
	check(t, canonical.Unmarshal(result, new(paymentv1.Result)))
	for name, data := range tests {
		if err := canonical.Unmarshal(data, new(paymentv1.Result)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func computeExample(t *testing.T) map[string][]byte {
	t.Helper()
	initialKey, err := dukpt.InitialKey(baseKey, initialKeyID)
	check(t, err)
	register, err := dukpt.NewRegister(initialKeyID, initialKey)
	check(t, err)
	ksn, pinKey, err := register.NextPINKey()
	check(t, err)
	block, err := dukpt.EncipherPIN(pinKey, examplePIN, examplePAN, vectors.Repeated(0x12))
	check(t, err)

	context := marshal(t, exampleContext())
	digest := dsse.Digest(dsse.PaymentContext, context)
	sequence := uint32(1)
	card := marshal(t, &paymentv1.CardData{
		Pan: examplePAN, ExpirationDate: "3412", CardSequenceNumber: &sequence,
	})
	cardBox, err := sealed.SealCard(vectors.Repeated(0x11), cardKey.PublicKey().Bytes(), digest, card)
	check(t, err)
	pinBox, err := sealed.SealPIN(vectors.Repeated(0x13), pinServiceKey.PublicKey().Bytes(), digest, ksn, block)
	check(t, err)
	body := readerPayment(t, context, cardBox, pinBox)
	idempotency := sha512.Sum512(body)
	hop, err := sealed.NewHop(relayHop, processorHop.PublicKey().Bytes(), "A1")
	check(t, err)
	hopBox, err := hop.Seal(vectors.Repeated(0x14), sealed.Request, nil)
	check(t, err)
	result := marshal(t, exampleResult(digest))
	return map[string][]byte{
		"initial_key":        initialKey,
		"context":            context,
		"context_digest":     digest,
		"card_box":           cardBox,
		"key_serial_number":  ksn,
		"pin_block":          block,
		"pin_box":            pinBox,
		"idempotency_digest": idempotency[:],
		"payment_signature":  dsse.Sign(dsse.ReaderPayment, body, readerSigning),
		"hop_box":            hopBox,
		"result":             result,
		"result_signature":   dsse.Sign(dsse.Result, result, resultKey),
	}
}

func exampleContext() *paymentv1.PaymentContext {
	return &paymentv1.PaymentContext{
		Version:               1,
		PaymentId:             examplePayment,
		ReaderSerial:          "RD-0001",
		ReaderCertificateId:   repeated(0x21, 8),
		Counter:               1,
		Kind:                  paymentv1.PaymentKind_PAYMENT_KIND_SALE,
		Amounts:               &paymentv1.Amounts{TotalMinor: 1250},
		Currency:              978,
		MerchantId:            "MERCHANT0000001",
		TerminalId:            "TERM0001",
		TerminalCertificateId: repeated(0x22, 8),
		EntryMode:             paymentv1.EntryMode_ENTRY_MODE_CHIP,
		Verification:          paymentv1.Verification_VERIFICATION_ONLINE_PIN,
		PinEntry:              paymentv1.PinEntry_PIN_ENTRY_TERMINAL,
		CardKeyId:             strictsig.KeyID(cardKey.PublicKey().Bytes()),
		PinKeyId:              strictsig.KeyID(pinServiceKey.PublicKey().Bytes()),
		ManifestNumber:        1,
		ReaderTimeMs:          1_700_000_000_000,
		SubmitBeforeMs:        1_700_000_120_000,
	}
}

func exampleResult(contextDigest []byte) *paymentv1.Result {
	return &paymentv1.Result{
		Version:             1,
		PaymentId:           examplePayment,
		Revision:            1,
		RecordNumber:        "A1000000000C",
		RetrievalReference:  "000000000001",
		ContextDigest:       contextDigest,
		Outcome:             paymentv1.Outcome_OUTCOME_APPROVED,
		ResponseCode:        "00",
		ApprovalCode:        "A1B2C3",
		ApprovedAmountMinor: 1250,
		Currency:            978,
		LastFour:            "4242",
		Scheme:              "VISA",
		SettlementDate:      20231114,
		ProcessorTimeMs:     1_700_000_000_500,
		ValidUntilMs:        1_700_000_300_000,
		ReaderSerial:        "RD-0001",
		MerchantId:          "MERCHANT0000001",
	}
}

func readerPayment(t *testing.T, context, cardBox, pinBox []byte) []byte {
	t.Helper()
	return marshal(t, &paymentv1.ReaderPayment{Context: context, CardBox: cardBox, PinBox: pinBox})
}

func marshal(t *testing.T, message proto.Message) []byte {
	t.Helper()
	data, err := canonical.Marshal(message)
	check(t, err)
	return data
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func repeated(value byte, length int) []byte { return bytes.Repeat([]byte{value}, length) }

func agreement(value byte) *ecdh.PrivateKey {
	key, err := ecdh.X25519().NewPrivateKey(repeated(value, 32))
	if err != nil {
		panic(err)
	}
	return key
}

func unhex(text string) []byte {
	data, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return data
}
