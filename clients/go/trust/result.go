package trust

import (
	"bytes"
	"errors"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/strictsig"
)

// ErrResult is the one error for whatever is wrong with a signed result.
var ErrResult = errors.New("result rejected")

// VerifyResult checks the processor's signature, then reads. The key must have been valid when the
// result was made: a stored answer that is repeated after a rotation stays good.
func (m *Manifest) VerifyResult(signed *paymentv1.SignedResult) (*paymentv1.Result, error) {
	listed := m.FindKey(keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_RESULT, signed.GetKeyId())
	if listed == nil {
		return nil, ErrResult
	}
	key, err := strictsig.ParsePublicKey(listed.PublicKey)
	if err != nil || !dsse.Verify(dsse.Result, signed.GetResult(), signed.GetSignature(), key) {
		return nil, ErrResult
	}
	result := new(paymentv1.Result)
	if err := canonical.Unmarshal(signed.GetResult(), result); err != nil {
		return nil, ErrResult
	}
	if result.Version != 1 || !isValidKey(listed, result.ProcessorTimeMs) {
		return nil, ErrResult
	}
	return result, nil
}

// VerifyAnswer checks that a result answers exactly this payment: ids, context, currency, amount.
func (m *Manifest) VerifyAnswer(
	signed *paymentv1.SignedResult, to *payment.ReaderPayment,
) (*paymentv1.Result, error) {
	result, err := m.VerifyResult(signed)
	if err != nil {
		return nil, err
	}
	isAnswer := bytes.Equal(result.ContextDigest, to.ContextDigest()) &&
		bytes.Equal(result.PaymentId, to.Context.PaymentId) &&
		result.ReaderSerial == to.Context.ReaderSerial &&
		isPossibleMerchant(result, to.Context) &&
		result.Currency == to.Context.Currency &&
		result.Revision >= 1
	if !isAnswer || !isPossibleAmount(result, to.Context) {
		return nil, ErrResult
	}
	return result, nil
}

// isPossibleMerchant: earlier processors named none, and the context digest binds it anyway.
func isPossibleMerchant(result *paymentv1.Result, context *paymentv1.PaymentContext) bool {
	return result.MerchantId == "" || result.MerchantId == context.MerchantId
}

// isPossibleAmount: approved in full, in part where that was accepted and signed, or nothing.
func isPossibleAmount(result *paymentv1.Result, context *paymentv1.PaymentContext) bool {
	approved, total := result.ApprovedAmountMinor, context.Amounts.GetTotalMinor()
	switch result.Outcome {
	case paymentv1.Outcome_OUTCOME_APPROVED:
		return approved == total
	case paymentv1.Outcome_OUTCOME_PARTIALLY_APPROVED:
		return context.AcceptPartial && approved > 0 && approved < total
	case paymentv1.Outcome_OUTCOME_DECLINED:
		return approved == 0
	case paymentv1.Outcome_OUTCOME_REVERSED, paymentv1.Outcome_OUTCOME_VOIDED:
		return approved <= total
	default:
		return false
	}
}
