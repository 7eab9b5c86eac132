// Package strictsig verifies Ed25519 signatures by one rule, so that two programs never disagree
// about the same bytes (docs/protocol/bytes.md, "Checking a signature"):
//
//   - key and R are canonical (y below the field prime) and not of small order,
//   - S is below the group order,
//   - the equation holds without cofactor, R compared byte by byte.
package strictsig

import (
	"crypto/ed25519"
	"crypto/sha512"
	"errors"
	"math/big"
	"slices"
)

// KeyIDSize is the length of a key id in bytes.
const KeyIDSize = 8

// ErrPublicKey is returned for a public key outside the rule.
var ErrPublicKey = errors.New("not a strict Ed25519 public key")

// PublicKey is an Ed25519 public key that passed the rule. The zero value verifies nothing.
type PublicKey struct{ raw [ed25519.PublicKeySize]byte }

// ParsePublicKey takes 32 bytes.
func ParsePublicKey(raw []byte) (PublicKey, error) {
	if len(raw) != ed25519.PublicKeySize || !isStrictPoint(raw) {
		return PublicKey{}, ErrPublicKey
	}
	return PublicKey{raw: [ed25519.PublicKeySize]byte(raw)}, nil
}

// PublicKeyOf is the public half of a private key.
func PublicKeyOf(private ed25519.PrivateKey) PublicKey {
	return PublicKey{raw: [ed25519.PublicKeySize]byte(private[ed25519.SeedSize:])}
}

// Bytes returns a copy of the 32 raw bytes.
func (k PublicKey) Bytes() []byte { return slices.Clone(k.raw[:]) }

// ID is the key's id.
func (k PublicKey) ID() []byte { return KeyID(k.raw[:]) }

// Verify reports whether signature is the key's over message.
func (k PublicKey) Verify(message, signature []byte) bool {
	return k != PublicKey{} &&
		len(signature) == ed25519.SignatureSize &&
		isBelow(signature[pointSize:], groupOrder) &&
		isStrictPoint(signature[:pointSize]) &&
		ed25519.Verify(k.raw[:], message, signature)
}

// KeyID is the first 8 bytes of SHA-512 of any raw public key, Ed25519 or X25519.
func KeyID(publicKey []byte) []byte {
	digest := sha512.Sum512(publicKey)
	return digest[:KeyIDSize:KeyIDSize]
}

const pointSize = 32

// All little-endian, 32 bytes.
var (
	groupOrder = littleEndian(sum(power(252), number("27742317777372353535851937790883648493")))
	fieldPrime = littleEndian(prime)
	// The y coordinates of the points whose order divides 8; x and −x share a y.
	smallOrderYs = [][]byte{
		littleEndian(big.NewInt(0)),
		littleEndian(big.NewInt(1)),
		littleEndian(difference(prime, big.NewInt(1))),
		littleEndian(orderEightY),
		littleEndian(difference(prime, orderEightY)),
	}
)

var (
	prime       = difference(power(255), big.NewInt(19))
	orderEightY = number("0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7")
)

func isStrictPoint(encoded []byte) bool {
	y := slices.Clone(encoded)
	y[pointSize-1] &= 0x7f // The top bit is the sign of x.
	return isBelow(y, fieldPrime) &&
		!slices.ContainsFunc(smallOrderYs, func(small []byte) bool { return slices.Equal(y, small) })
}

// isBelow compares little-endian numbers. Everything here is public, so time may depend on it.
func isBelow(left, right []byte) bool {
	for i := pointSize - 1; i >= 0; i-- {
		if left[i] != right[i] {
			return left[i] < right[i]
		}
	}
	return false
}

func littleEndian(n *big.Int) []byte {
	bytes := n.FillBytes(make([]byte, pointSize))
	slices.Reverse(bytes)
	return bytes
}

func power(exponent uint) *big.Int      { return new(big.Int).Lsh(big.NewInt(1), exponent) }
func sum(a, b *big.Int) *big.Int        { return new(big.Int).Add(a, b) }
func difference(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }
func number(text string) *big.Int       { n, _ := new(big.Int).SetString(text, 0); return n }
