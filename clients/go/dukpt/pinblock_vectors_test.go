package dukpt

import (
	"crypto/aes"
	"crypto/subtle"
	"encoding/binary"
	"testing"

	"github.com/cardlane/cardlane/clients/go/internal/vectors"
)

const rejected = "SEALED_DATA_REJECTED"

// A PIN service's side, which this module has for its tests alone.
func TestPINBlockVectors(t *testing.T) {
	vectors.Judge(t, "pin-blocks.json", func(t *testing.T, given vectors.Fields) (map[string]string, string) {
		ksn, block := given.Bytes("key_serial_number"), given.Bytes("pin_block")
		if len(ksn) != KSNSize || len(block) != BlockSize {
			return nil, rejected
		}
		initial, err := InitialKey(given.Bytes("base_derivation_key"), ksn[:InitialKeyIDSize])
		if err != nil {
			t.Fatal(err)
		}
		pin, isWhole := decipherPIN(t, pinKeyOf(key(initial), ksn), block, given.Text("pan"))
		if !isWhole {
			return nil, rejected
		}
		return map[string]string{"pin": pin}, vectors.Accepted
	})
}

// pinKeyOf derives a key for each one-bit of the counter, from the highest on.
func pinKeyOf(k key, ksn []byte) key {
	id, counter := [InitialKeyIDSize]byte(ksn), binary.BigEndian.Uint32(ksn[InitialKeyIDSize:])
	var sofar uint32
	for bit := uint32(1) << 31; bit != 0; bit >>= 1 {
		if counter&bit != 0 {
			sofar |= bit
			k = derive(k, usageDerivation, id, sofar)
		}
	}
	return derive(k, usagePIN, id, counter)
}

func decipherPIN(t *testing.T, k key, block []byte, pan string) (pin string, isWhole bool) {
	t.Helper()
	cipher, err := aes.NewCipher(k[:])
	if err != nil {
		t.Fatal(err)
	}
	account, err := panField(pan)
	if err != nil {
		t.Fatal(err)
	}
	field := make([]byte, BlockSize)
	cipher.Decrypt(field, block)
	subtle.XORBytes(field, field, account)
	cipher.Decrypt(field, field)
	var digits []byte
	length := int(field[0] & 0xf)
	for i := range 2*randomOffset - 2 {
		nibble := field[1+i/2] >> (4 * (1 - i%2)) & 0xf
		if isDigit := i < length; isDigit != (nibble <= 9) || !isDigit && nibble != fill {
			return "", false
		}
		if i < length {
			digits = append(digits, '0'+nibble)
		}
	}
	return string(digits), field[0]>>4 == formatFour && length >= pinMin && length <= pinMax
}
