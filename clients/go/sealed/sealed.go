// Package sealed makes and opens the boxes of docs/protocol/bytes.md: card box and PIN box (libsodium
// sealed boxes with a plain text of one length, bound to their payment) and hop box (NaCl box
// between relay and processor).
package sealed

import (
	"crypto/ecdh"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/crypto/nacl/box"

	"github.com/cardlane/cardlane/clients/go/dsse"
)

// Lengths in bytes.
const (
	KeySize     = 32
	CardBoxSize = cardPlainSize + box.AnonymousOverhead
	PINBoxSize  = pinPlainSize + box.AnonymousOverhead
	KSNSize     = 12
	BlockSize   = 16
	CardDataMax = cardPlainSize - boundHeadSize - 2

	cardPlainSize = 512
	pinPlainSize  = 128
	boundHeadSize = 2 + dsse.DigestSize
)

// version and purposes: the first two bytes of every plain text.
const (
	version     = 0x01
	purposeCard = 0x01
	purposePIN  = 0x02
	purposeHop  = 0x03
)

// ErrRejected is the one error for whatever is wrong with a box.
var ErrRejected = errors.New("sealed data rejected")

// SharedKey is crypto_box_beforenm: HSalsa20 of the X25519 agreement. It fails for public keys that
// agree with everybody.
func SharedKey(private *ecdh.PrivateKey, public []byte) (*[KeySize]byte, error) {
	peer, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return nil, ErrRejected
	}
	if _, err := private.ECDH(peer); err != nil {
		return nil, ErrRejected
	}
	var key [KeySize]byte
	box.Precompute(&key, (*[KeySize]byte)(public), (*[KeySize]byte)(private.Bytes()))
	return &key, nil
}

// SealCard seals serialised CardData for the processor's card key: 560 bytes.
//
// Plain text: 01 01 ‖ H(context)[64] ‖ length u16 big-endian ‖ card data ‖ zeros, 512 bytes.
func SealCard(random io.Reader, recipient, contextDigest, cardData []byte) ([]byte, error) {
	if len(cardData) > CardDataMax {
		return nil, fmt.Errorf("card data is at most %d bytes, got %d", CardDataMax, len(cardData))
	}
	content := binary.BigEndian.AppendUint16(nil, uint16(len(cardData)))
	return seal(random, recipient, bound{
		purpose: purposeCard, contextDigest: contextDigest,
		content: append(content, cardData...), size: cardPlainSize,
	})
}

// OpenCard gives the serialised CardData, which the caller clears.
func OpenCard(private *ecdh.PrivateKey, contextDigest, sealed []byte) ([]byte, error) {
	if len(sealed) != CardBoxSize {
		return nil, ErrRejected
	}
	content, err := open(private, purposeCard, contextDigest, sealed)
	if err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint16(content))
	if length > CardDataMax || !isZero(content[2+length:]) {
		return nil, ErrRejected
	}
	return content[2 : 2+length], nil
}

// SealPIN seals an enciphered PIN block for the PIN service: 176 bytes.
//
// Plain text: 01 02 ‖ H(context)[64] ‖ key serial number[12] ‖ PIN block[16] ‖ zeros, 128 bytes.
func SealPIN(random io.Reader, recipient, contextDigest, ksn, block []byte) ([]byte, error) {
	if len(ksn) != KSNSize || len(block) != BlockSize {
		return nil, fmt.Errorf("KSN and block have 12 and 16 bytes, got %d, %d", len(ksn), len(block))
	}
	return seal(random, recipient, bound{
		purpose: purposePIN, contextDigest: contextDigest,
		content: slices.Concat(ksn, block), size: pinPlainSize,
	})
}

// OpenPIN gives key serial number and enciphered PIN block. Only a PIN service can.
func OpenPIN(private *ecdh.PrivateKey, contextDigest, sealed []byte) (ksn, block []byte, err error) {
	if len(sealed) != PINBoxSize {
		return nil, nil, ErrRejected
	}
	content, err := open(private, purposePIN, contextDigest, sealed)
	if err != nil {
		return nil, nil, err
	}
	if !isZero(content[KSNSize+BlockSize:]) {
		return nil, nil, ErrRejected
	}
	return content[:KSNSize], content[KSNSize : KSNSize+BlockSize], nil
}

// Seal is libsodium's crypto_box_seal: 48 bytes longer than message.
func Seal(random io.Reader, recipient, message []byte) ([]byte, error) {
	if len(recipient) != KeySize {
		return nil, ErrRejected
	}
	return box.SealAnonymous(nil, message, (*[KeySize]byte)(recipient), random)
}

// Open is libsodium's crypto_box_seal_open.
func Open(private *ecdh.PrivateKey, sealed []byte) ([]byte, error) {
	public := (*[KeySize]byte)(private.PublicKey().Bytes())
	message, ok := box.OpenAnonymous(nil, sealed, public, (*[KeySize]byte)(private.Bytes()))
	if !ok {
		return nil, ErrRejected
	}
	return message, nil
}

type bound struct {
	purpose       byte
	contextDigest []byte
	content       []byte
	size          int
}

func seal(random io.Reader, recipient []byte, b bound) ([]byte, error) {
	defer clear(b.content)
	if len(b.contextDigest) != dsse.DigestSize {
		return nil, fmt.Errorf("H(context) has 64 bytes, got %d", len(b.contextDigest))
	}
	plain := make([]byte, 0, b.size)
	plain = append(plain, version, b.purpose)
	plain = append(plain, b.contextDigest...)
	plain = append(plain, b.content...)
	defer clear(plain[:b.size])
	return Seal(random, recipient, plain[:b.size])
}

func open(private *ecdh.PrivateKey, purpose byte, contextDigest, sealed []byte) ([]byte, error) {
	plain, err := Open(private, sealed)
	if err != nil {
		return nil, err
	}
	head := append([]byte{version, purpose}, contextDigest...)
	if len(contextDigest) != dsse.DigestSize ||
		subtle.ConstantTimeCompare(plain[:boundHeadSize], head) != 1 {
		return nil, ErrRejected
	}
	return plain[boundHeadSize:], nil
}

func isZero(bytes []byte) bool {
	return !slices.ContainsFunc(bytes, func(b byte) bool { return b != 0 })
}
