// Package dsse signs and hashes typed bytes: SIGN and H of docs/protocol/bytes.md, over the DSSE v1
// pre-authentication encoding. What is signed names what it is, so nothing passes for another.
package dsse

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"fmt"

	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	"github.com/cardlane/cardlane/clients/go/strictsig"
)

// Type is the name of a payload type: the middle of application/vnd.cardlane.<name>.v1+protobuf.
type Type string

// Every type that is signed or hashed.
const (
	ReaderCertificate   Type = "reader-certificate"
	TerminalCertificate Type = "terminal-certificate"
	RelayCertificate    Type = "relay-certificate"
	Manifest            Type = "manifest"
	ManifestDelegation  Type = "manifest-delegation"
	PaymentContext      Type = "payment-context"
	ReaderPayment       Type = "reader-payment"
	Reverse             Type = "reverse"
	Result              Type = "result"
	Completion          Type = "completion"
)

// DigestSize is the length of H(type, body) in bytes.
const DigestSize = sha512.Size

// signaturesMax bounds the work that one envelope can cause.
const signaturesMax = 8

// Encode returns the pre-authentication encoding of body.
func Encode(t Type, body []byte) []byte {
	name := fmt.Sprintf("application/vnd.cardlane.%s.v1+protobuf", t)
	return append(fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(name), name, len(body)), body...)
}

// Digest is H(type, body): 64 bytes.
func Digest(t Type, body []byte) []byte {
	digest := sha512.Sum512(Encode(t, body))
	return digest[:]
}

// Sign is SIGN(type, body): 64 bytes.
func Sign(t Type, body []byte, key ed25519.PrivateKey) []byte {
	return ed25519.Sign(key, Encode(t, body))
}

// Verify reports whether signature is key's over body as a t. Verify first, parse then.
func Verify(t Type, body, signature []byte, key strictsig.PublicKey) bool {
	return key.Verify(Encode(t, body), signature)
}

// SignEnvelope puts the signatures of all keys around payload.
func SignEnvelope(t Type, payload []byte, keys ...ed25519.PrivateKey) *keysv1.SignedEnvelope {
	envelope := &keysv1.SignedEnvelope{Payload: payload}
	for _, key := range keys {
		envelope.Signatures = append(envelope.Signatures, &keysv1.EnvelopeSignature{
			KeyId:     strictsig.PublicKeyOf(key).ID(),
			Signature: Sign(t, payload, key),
		})
	}
	return envelope
}

// VerifyThreshold reports whether at least threshold different keys among trusted signed the
// envelope. Keys are counted, not signatures: one key that signs twice counts once.
func VerifyThreshold(
	t Type, envelope *keysv1.SignedEnvelope, trusted []strictsig.PublicKey, threshold int,
) bool {
	if threshold < 1 || len(envelope.GetSignatures()) > signaturesMax {
		return false
	}
	encoding := Encode(t, envelope.GetPayload())
	signedBy := map[strictsig.PublicKey]bool{}
	for _, key := range trusted {
		for _, one := range envelope.GetSignatures() {
			if bytes.Equal(one.GetKeyId(), key.ID()) && key.Verify(encoding, one.GetSignature()) {
				signedBy[key] = true
			}
		}
	}
	return len(signedBy) >= threshold
}
