// Package dukpt is AES-128 DUKPT (ANSI X9.24-3:2017) and the PIN block that is enciphered with its
// keys (ISO 9564-1 format 4): one key for each payment, none of which tells another.
package dukpt

import (
	"crypto/aes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// Lengths in bytes.
const (
	KeySize          = 16
	InitialKeyIDSize = 8
	KSNSize          = 12
)

const (
	registers = 32
	// onesMax: counters with more one-bits are skipped, so that no key is deeper than that.
	onesMax    = 16
	counterMax = 0xffff_0000
	// stateSize: version 1 ‖ initial key id ‖ counter u32 big-endian ‖ 32 keys.
	stateSize    = 1 + KSNSize + registers*KeySize
	stateVersion = 1
)

// Key usages (X9.24-3, 6.3.2).
const (
	usagePIN        = 0x1000
	usageDerivation = 0x8000
	usageInitialKey = 0x8001
)

// ErrUsedUp is returned when a device has used all its keys and needs a new initial key.
var ErrUsedUp = errors.New("the reader has used all its PIN keys")

type key = [KeySize]byte

// InitialKey is the key that is loaded into one reader, from the base derivation key.
func InitialKey(baseDerivationKey, initialKeyID []byte) ([]byte, error) {
	if len(baseDerivationKey) != KeySize || len(initialKeyID) != InitialKeyIDSize {
		return nil, fmt.Errorf("key and id have 16 and 8 bytes, got %d, %d",
			len(baseDerivationKey), len(initialKeyID))
	}
	derived := encipher(key(baseDerivationKey), append(head(usageInitialKey), initialKeyID...))
	return derived[:], nil
}

// Register is the reader's side: 32 intermediate keys, one for each bit of the counter. A key is
// erased as soon as it was used, so a stolen reader gives none of the PIN keys it used before.
type Register struct {
	initialKeyID [InitialKeyIDSize]byte
	// counter of the next payment; 0 when all keys are used.
	counter uint32
	keys    [registers]key
}

// NewRegister loads a new device. The caller clears initialKey and destroys every copy of it.
func NewRegister(initialKeyID, initialKey []byte) (*Register, error) {
	if len(initialKeyID) != InitialKeyIDSize || len(initialKey) != KeySize {
		return nil, fmt.Errorf("id and key have 8 and 16 bytes, got %d, %d",
			len(initialKeyID), len(initialKey))
	}
	r := &Register{initialKeyID: [InitialKeyIDSize]byte(initialKeyID)}
	r.deriveBelow(registers, key(initialKey))
	r.counter = 1
	return r, nil
}

// UnmarshalRegister continues with what MarshalBinary gave.
func UnmarshalRegister(state []byte) (*Register, error) {
	if len(state) != stateSize || state[0] != stateVersion {
		return nil, errors.New("not a DUKPT register of version 1")
	}
	r := &Register{initialKeyID: [InitialKeyIDSize]byte(state[1:])}
	r.counter = binary.BigEndian.Uint32(state[1+InitialKeyIDSize:])
	for i := range r.keys {
		r.keys[i] = key(state[1+KSNSize+i*KeySize:])
	}
	if !r.isWhole() {
		return nil, errors.New("a DUKPT register does not match its counter")
	}
	return r, nil
}

// MarshalBinary gives the 525 bytes to be stored.
func (r *Register) MarshalBinary() ([]byte, error) {
	state := append([]byte{stateVersion}, r.ksn()...)
	for _, k := range r.keys {
		state = append(state, k[:]...)
	}
	return state, nil
}

// NextPINKey takes the key of the next payment, which the caller clears, and its key serial number.
// Store the register durably before the key is used: a crash then loses a key, never repeats one.
func (r *Register) NextPINKey() (ksn, pinKey []byte, err error) {
	if r.counter == 0 {
		return nil, nil, ErrUsedUp
	}
	ksn = r.ksn()
	position := bits.TrailingZeros32(r.counter)
	current := r.keys[position]
	derived := derive(current, usagePIN, r.initialKeyID, r.counter)
	if bits.OnesCount32(r.counter) < onesMax {
		r.deriveBelow(position, current)
	}
	r.keys[position] = key{}
	r.counter = next(r.counter)
	return ksn, derived[:], nil
}

func (r *Register) ksn() []byte {
	return binary.BigEndian.AppendUint32(slices.Clone(r.initialKeyID[:]), r.counter)
}

// deriveBelow fills the registers under position with the children of parent.
func (r *Register) deriveBelow(position int, parent key) {
	for below := range position {
		child := r.counter | 1<<below
		r.keys[below] = derive(parent, usageDerivation, r.initialKeyID, child)
	}
}

// isWhole: the counter says which registers are filled: its lowest one-bit, each zero-bit above.
func (r *Register) isWhole() bool {
	if r.counter > counterMax || bits.OnesCount32(r.counter) > onesMax {
		return false
	}
	for position, k := range r.keys {
		lowest := bits.TrailingZeros32(r.counter)
		isZeroBit := r.counter&(1<<position) == 0
		mustBeFilled := r.counter != 0 && (position == lowest || position > lowest && isZeroBit)
		if mustBeFilled == (k == key{}) {
			return false
		}
	}
	return true
}

// next counter with at most 16 one-bits; 0 when there is none.
func next(counter uint32) uint32 {
	switch {
	case counter == counterMax:
		return 0
	case bits.OnesCount32(counter) < onesMax:
		return counter + 1
	default: // The children would have 17: adding the lowest bit skips all of them.
		return counter + counter&-counter
	}
}

// derive is one step of derivation (X9.24-3, 6.3).
func derive(parent key, usage uint16, initialKeyID [InitialKeyIDSize]byte, counter uint32) key {
	data := append(head(usage), initialKeyID[4:]...)
	return encipher(parent, binary.BigEndian.AppendUint32(data, counter))
}

// head: 01 ‖ 01 (first block) ‖ usage ‖ 0002 (AES-128) ‖ 0080 (bits).
func head(usage uint16) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{1, 1}, usage), 0x00, 0x02, 0x00, 0x80)
}

func encipher(k key, block []byte) key {
	cipher, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // Not possible with a key of 16 bytes.
	}
	var out key
	cipher.Encrypt(out[:], block)
	return out
}
