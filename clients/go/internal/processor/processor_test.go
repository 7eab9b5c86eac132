package processor

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cardlane/cardlane/clients/go/dsse"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	processorv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/processor/v1"
	relayv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/relay/v1"
	"github.com/cardlane/cardlane/clients/go/internal/testmesh"
	"github.com/cardlane/cardlane/clients/go/sealed"
	"github.com/cardlane/cardlane/clients/go/strictsig"
)

type edPrivate = ed25519.PrivateKey

func held(key *ecdh.PrivateKey) map[string]*ecdh.PrivateKey {
	id := strictsig.KeyID(key.PublicKey().Bytes())
	return map[string]*ecdh.PrivateKey{hex.EncodeToString(id): key}
}

func TestDecisions(t *testing.T) {
	r := newRelay(t)
	tests := []struct {
		name, code string
		payment    *paymentv1.SignedPayment
	}{
		{"approved", "00", r.payment(1250, nil)},
		{"not enough money", "51", r.payment(1051, nil)},
		{"an online PIN without a PIN service", "91", r.payment(1250, func(c *paymentv1.PaymentContext) {
			c.Verification = paymentv1.Verification_VERIFICATION_ONLINE_PIN
			c.PinEntry = paymentv1.PinEntry_PIN_ENTRY_READER
			c.PinKeyId = strictsig.KeyID(r.PINKey.PublicKey().Bytes())
		})},
		{"authorization", "00", r.payment(1250, func(c *paymentv1.PaymentContext) {
			c.Kind = paymentv1.PaymentKind_PAYMENT_KIND_AUTHORIZATION
		})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result := r.result(r.authorize(test.payment), test.payment)
			if result.ResponseCode != test.code || result.RecordNumber != recordNumber {
				t.Errorf("result: %v", result)
			}
		})
	}
}

func TestARepeatGetsTheStoredBytes(t *testing.T) {
	r := newRelay(t)
	signed := r.payment(1250, nil)
	first := r.authorize(signed)
	r.now = r.now.Add(time.Hour / 2) // Long after submit_before.
	r.registerReader(relayv1.DeviceState_DEVICE_STATE_SUSPENDED)
	if again := r.authorize(signed); !proto.Equal(first.GetResult(), again.GetResult()) {
		t.Errorf("first %v, then %v", first, again)
	}
}

func TestFaults(t *testing.T) {
	type context = paymentv1.PaymentContext
	tests := []struct {
		code    string
		payment func(*relay) *paymentv1.SignedPayment
	}{
		{"SIGNATURE_REJECTED", func(r *relay) *paymentv1.SignedPayment {
			signed, other := r.payment(1250, nil), r.payment(1300, nil)
			return &paymentv1.SignedPayment{ReaderPayment: other.ReaderPayment, Signature: signed.Signature}
		}},
		{"SIGNATURE_REJECTED", func(r *relay) *paymentv1.SignedPayment {
			signed := r.payment(1250, nil)
			signed.Signature[0] ^= 1
			return signed
		}},
		{"SEALED_DATA_REJECTED", func(r *relay) *paymentv1.SignedPayment {
			other, donor := r.payment(1250, nil), r.payment(1300, nil)
			return r.withBoxOf(other, donor)
		}},
		{"DUPLICATE_DIFFERS", func(r *relay) *paymentv1.SignedPayment {
			first := r.payment(1250, nil)
			r.authorize(first)
			return r.payment(1251, func(c *context) { c.PaymentId = idOf(r, first) })
		}},
		{"COUNTER_REUSED", func(r *relay) *paymentv1.SignedPayment {
			r.authorize(r.payment(1250, nil))
			return r.payment(1250, func(c *context) { c.Counter-- })
		}},
		{"SUBMITTED_TOO_LATE", func(r *relay) *paymentv1.SignedPayment {
			return r.payment(1250, func(c *context) { c.SubmitBeforeMs = r.now.UnixMilli() - 1 })
		}},
		{"READER_UNKNOWN", func(r *relay) *paymentv1.SignedPayment {
			return r.payment(1250, func(c *context) { c.ReaderSerial = "GO-0002" })
		}},
		{"CERTIFICATE_REJECTED", func(r *relay) *paymentv1.SignedPayment {
			return r.payment(1250, func(c *context) { c.TerminalCertificateId = make([]byte, 8) })
		}},
		{"TERMINAL_UNKNOWN", func(r *relay) *paymentv1.SignedPayment {
			return r.payment(1250, func(c *context) { c.TerminalId = "TILL0002" })
		}},
		{"NOT_PERMITTED", func(r *relay) *paymentv1.SignedPayment {
			return r.payment(1250, func(c *context) { c.MerchantId = "SOMEBODYELSE001" })
		}},
		{"CURRENCY_NOT_ACCEPTED", func(r *relay) *paymentv1.SignedPayment {
			return r.payment(1250, func(c *context) { c.Currency = 840 })
		}},
		{"KEY_NOT_VALID", func(r *relay) *paymentv1.SignedPayment {
			return r.payment(1250, func(c *context) { c.CardKeyId = make([]byte, 8) })
		}},
		{"READER_NOT_ACTIVE", func(r *relay) *paymentv1.SignedPayment {
			r.registerReader(relayv1.DeviceState_DEVICE_STATE_SUSPENDED)
			return r.payment(1250, nil)
		}},
		{"WRONG_STATE", func(r *relay) *paymentv1.SignedPayment {
			return r.payment(1250, func(c *context) { c.PreviousPaymentId = make([]byte, 16) })
		}},
		{"MALFORMED_REQUEST", func(*relay) *paymentv1.SignedPayment {
			return &paymentv1.SignedPayment{ReaderPayment: []byte{1, 2, 3}}
		}},
	}
	for _, test := range tests {
		t.Run(test.code, func(t *testing.T) {
			r := newRelay(t)
			if answer := r.authorize(test.payment(r)); answer.GetFault().GetCode() != test.code {
				t.Errorf("answer: %v", answer)
			}
		})
	}
}

func TestReversals(t *testing.T) {
	t.Run("of an approval", func(t *testing.T) {
		r := newRelay(t)
		signed := r.payment(1250, nil)
		r.authorize(signed)
		result := r.result(r.reverse(signed, nil), signed)
		if result.Outcome != paymentv1.Outcome_OUTCOME_REVERSED || result.Revision != 2 {
			t.Errorf("result: %v", result)
		}
		late := r.result(r.authorize(signed), signed)
		if late.Outcome != paymentv1.Outcome_OUTCOME_REVERSED {
			t.Errorf("a late approval beat the reversal: %v", late)
		}
	})
	t.Run("of a payment that never came", func(t *testing.T) {
		r := newRelay(t)
		signed := r.payment(1069, nil)
		tombstone := r.reverse(signed, nil)
		if r.result(tombstone, signed).Outcome != paymentv1.Outcome_OUTCOME_REVERSED {
			t.Errorf("tombstone: %v", tombstone)
		}
		if late := r.authorize(signed); !proto.Equal(late.GetResult(), tombstone.GetResult()) {
			t.Errorf("late original: %v", late)
		}
	})
	t.Run("of bytes that nobody saw", func(t *testing.T) {
		r := newRelay(t)
		signed := r.payment(1069, nil)
		var seen *paymentv1.Reverse
		tombstone := r.reverse(signed, func(order *paymentv1.Reverse) {
			order.Digest, order.Context = make([]byte, 64), nil
			seen = order
		})
		unseen := marshal(t, &paymentv1.PaymentContext{
			Version: 1, PaymentId: seen.PaymentId, MerchantId: testmesh.MerchantID,
		})
		want := dsse.Digest(dsse.PaymentContext, unseen)
		result := new(paymentv1.Result)
		must(t, proto.Unmarshal(tombstone.GetResult().GetResult(), result))
		if !bytes.Equal(result.ContextDigest, want) || result.MerchantId != testmesh.MerchantID {
			t.Errorf("tombstone: %v", result)
		}
		if late := r.authorize(signed); !proto.Equal(late.GetResult(), tombstone.GetResult()) {
			t.Errorf("late original: %v", late)
		}
	})
	t.Run("of a decline", func(t *testing.T) {
		r := newRelay(t)
		signed := r.payment(1051, nil)
		declined := r.authorize(signed)
		if answer := r.reverse(signed, nil); !proto.Equal(answer.GetResult(), declined.GetResult()) {
			t.Errorf("answer: %v", answer)
		}
	})
	t.Run("unless it was approved", func(t *testing.T) {
		r := newRelay(t)
		signed := r.payment(1250, nil)
		approved := r.authorize(signed)
		unless := func(order *paymentv1.Reverse) { order.UnlessApproved = true }
		if answer := r.reverse(signed, unless); !proto.Equal(answer.GetResult(), approved.GetResult()) {
			t.Errorf("answer: %v", answer)
		}
		unseen := r.payment(1251, nil)
		if answer := r.reverse(unseen, unless); r.result(answer, unseen).Outcome !=
			paymentv1.Outcome_OUTCOME_REVERSED {
			t.Errorf("answer: %v", answer)
		}
	})
	t.Run("after the acknowledgement", func(t *testing.T) {
		r := newRelay(t)
		signed := r.payment(1250, nil)
		result := r.result(r.authorize(signed), signed)
		r.ask(&processorv1.HopRequest{
			Acknowledgements: []*processorv1.Acknowledgement{{
				MerchantId: testmesh.MerchantID, PaymentId: result.PaymentId, Revision: result.Revision,
			}},
			Authorizations: []*processorv1.AuthorizationRequest{r.authorization(signed)},
		})
		answer := r.result(r.reverse(signed, nil), signed)
		if answer.Outcome != paymentv1.Outcome_OUTCOME_APPROVED {
			t.Errorf("answer: %v", answer)
		}
	})
	t.Run("signed by somebody else", func(t *testing.T) {
		r := newRelay(t)
		signed := r.payment(1250, nil)
		r.authorize(signed)
		r.RelaySigning = testmesh.Signer()
		if answer := r.reverse(signed, nil); answer.GetFault().GetCode() != "SIGNATURE_REJECTED" {
			t.Errorf("answer: %v", answer)
		}
	})
	refusals := map[string]func(*paymentv1.Reverse){
		"NOT_PERMITTED":     func(o *paymentv1.Reverse) { o.RelayId = "B2" },
		"DUPLICATE_DIFFERS": func(o *paymentv1.Reverse) { o.Digest = make([]byte, 64) },
		"MALFORMED_REQUEST": func(o *paymentv1.Reverse) { o.Version = 2 },
	}
	for code, change := range refusals {
		t.Run(code, func(t *testing.T) {
			r := newRelay(t)
			signed := r.payment(1250, nil)
			r.authorize(signed)
			if answer := r.reverse(signed, change); answer.GetFault().GetCode() != code {
				t.Errorf("answer: %v", answer)
			}
		})
	}
}

func TestNoAnswerIsSilence(t *testing.T) {
	r := newRelay(t)
	silent, loud := r.payment(1069, nil), r.payment(1250, nil)
	answers := r.ask(&processorv1.HopRequest{Authorizations: []*processorv1.AuthorizationRequest{
		r.authorization(silent), r.authorization(loud),
	}})
	if len(answers) != 1 || answers[0].RequestNumber != 2 {
		t.Errorf("answers: %v", answers)
	}
}

func TestBoxesThatAreRefused(t *testing.T) {
	r := newRelay(t)
	message, err := proto.Marshal(&processorv1.HopRequest{})
	must(t, err)
	answerBox, err := r.hop.Seal(rand.Reader, sealed.Answer, message)
	must(t, err)
	otherRelay, err := sealed.NewHop(r.RelayHop, r.ProcessorHop.PublicKey().Bytes(), "B2")
	must(t, err)
	othersBox, err := otherRelay.Seal(rand.Reader, sealed.Request, message)
	must(t, err)
	for name, box := range map[string][]byte{
		"an answer sent back": answerBox, "another relay's": othersBox, "too short": {1, 2, 3}, "empty": nil,
	} {
		t.Run(name, func(t *testing.T) {
			r.sendBox(box)
			refused := r.receive().GetBoxRefused()
			if refused.GetNumber() != r.boxes || refused.GetFault().GetCode() != "SEALED_DATA_REJECTED" {
				t.Errorf("refused: %v", refused)
			}
		})
	}
	t.Run("a revoked relay's", func(t *testing.T) {
		certificate, err := r.Roots.VerifyRelay(r.RelayCertificate(), r.now)
		must(t, err)
		revoked := &r.processor.keys.manifest.RevokedCertificateIds
		*revoked = append(*revoked, certificate.ID)
		box, err := r.hop.Seal(rand.Reader, sealed.Request, message)
		must(t, err)
		r.sendBox(box)
		if refused := r.receive().GetBoxRefused(); refused.GetNumber() != r.boxes {
			t.Errorf("refused: %v", refused)
		}
	})
	if goodbye := r.close(); goodbye.GetFramesReceived() != r.boxes {
		t.Errorf("close: %v", goodbye)
	}
}
