package sealed

import (
	"bytes"
	"crypto/ecdh"
	"fmt"
	"io"

	"golang.org/x/crypto/nacl/box"
)

// Direction of a hop box. Both ways share one key, so the box must say which way it goes.
type Direction byte

// Request goes from relay to processor (or processor to PIN service), Answer back.
const (
	Request Direction = 0x01
	Answer  Direction = 0x02
)

const nonceSize = 24

// Hop encrypts between two ends that know each other's X25519 keys.
type Hop struct {
	key   *[KeySize]byte
	label string
}

// NewHop computes the shared key once. label is the relay id, or "PN" towards a PIN service: two
// characters that stand inside every box.
func NewHop(private *ecdh.PrivateKey, peer []byte, label string) (*Hop, error) {
	if len(label) != 2 {
		return nil, fmt.Errorf("a relay id has 2 characters, got %d", len(label))
	}
	key, err := SharedKey(private, peer)
	if err != nil {
		return nil, err
	}
	return &Hop{key: key, label: label}, nil
}

// Seal gives nonce[24] ‖ tag[16] ‖ cipher text of 01 03 ‖ direction ‖ label[2] ‖ message.
func (h *Hop) Seal(random io.Reader, direction Direction, message []byte) ([]byte, error) {
	var nonce [nonceSize]byte
	if _, err := io.ReadFull(random, nonce[:]); err != nil {
		return nil, err
	}
	plain := append(h.head(direction), message...)
	return box.SealAfterPrecomputation(nonce[:], plain, &nonce, h.key), nil
}

// Open gives the message of a box that the other end sealed in this direction.
func (h *Hop) Open(direction Direction, sealed []byte) ([]byte, error) {
	if len(sealed) < nonceSize {
		return nil, ErrRejected
	}
	nonce := (*[nonceSize]byte)(sealed[:nonceSize])
	plain, ok := box.OpenAfterPrecomputation(nil, sealed[nonceSize:], nonce, h.key)
	if !ok {
		return nil, ErrRejected
	}
	message, ok := bytes.CutPrefix(plain, h.head(direction))
	if !ok {
		return nil, ErrRejected
	}
	return message, nil
}

func (h *Hop) head(direction Direction) []byte {
	return append([]byte{version, purposeHop, byte(direction)}, h.label...)
}
