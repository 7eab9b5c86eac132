package dukpt

import (
	"crypto/aes"
	"crypto/subtle"
	"errors"
	"io"
)

// BlockSize is the length of a PIN block in bytes.
const BlockSize = aes.BlockSize

var (
	// ErrPIN is returned for a PIN that is not 4 to 12 digits.
	ErrPIN = errors.New("a PIN has 4 to 12 digits")
	// ErrPAN is returned for a card number that is not 12 to 19 digits.
	ErrPAN = errors.New("a card number has 12 to 19 digits")
)

const (
	pinMin, pinMax = 4, 12
	panMin, panMax = 12, 19
	formatFour     = 4
	fill           = 0xa
	randomOffset   = 8
)

// EncipherPIN gives an ISO 9564-1 format 4 block: AES(key, AES(key, PIN field) xor PAN field). It
// deciphers to the PIN with the same card number only. Errors never show the digits.
func EncipherPIN(pinKey []byte, pin, pan string, random io.Reader) ([]byte, error) {
	field, err := pinField(pin, random)
	if err != nil {
		return nil, err
	}
	defer clear(field)
	account, err := panField(pan)
	if err != nil {
		return nil, err
	}
	cipher, err := aes.NewCipher(pinKey)
	if err != nil {
		return nil, err
	}
	block := make([]byte, BlockSize)
	cipher.Encrypt(block, field)
	subtle.XORBytes(block, block, account)
	cipher.Encrypt(block, block)
	return block, nil
}

// pinField is 4 L P…P A…A as nibbles in 8 bytes, then 8 random bytes.
func pinField(pin string, random io.Reader) ([]byte, error) {
	if !areDigits(pin, pinMin, pinMax) {
		return nil, ErrPIN
	}
	nibbles := make([]byte, 2*randomOffset)
	nibbles[0], nibbles[1] = formatFour, byte(len(pin))
	for i := 2; i < len(nibbles); i++ {
		nibbles[i] = fill
	}
	for i := range len(pin) {
		nibbles[2+i] = pin[i] - '0'
	}
	field := make([]byte, BlockSize)
	pack(field, nibbles)
	clear(nibbles)
	_, err := io.ReadFull(random, field[randomOffset:])
	return field, err
}

// panField is M P…P 0…0 as nibbles in 16 bytes: M + 12 digits.
func panField(pan string) ([]byte, error) {
	if !areDigits(pan, panMin, panMax) {
		return nil, ErrPAN
	}
	nibbles := make([]byte, 2*BlockSize)
	nibbles[0] = byte(len(pan) - panMin)
	for i := range len(pan) {
		nibbles[1+i] = pan[i] - '0'
	}
	field := make([]byte, BlockSize)
	pack(field, nibbles)
	clear(nibbles)
	return field, nil
}

func pack(target, nibbles []byte) {
	for i := range len(nibbles) / 2 {
		target[i] = nibbles[2*i]<<4 | nibbles[2*i+1]
	}
}

func areDigits(text string, low, high int) bool {
	if len(text) < low || len(text) > high {
		return false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
