package dukpt_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/cardlane/cardlane/clients/go/dukpt"
	"github.com/cardlane/cardlane/clients/go/internal/vectors"
)

type chain struct {
	BDK          vectors.Hex
	InitialKeyID vectors.Hex `json:"initial_key_id"`
	InitialKey   vectors.Hex `json:"initial_key"`
	PAN, PIN     string
	PINField     vectors.Hex `json:"pin_field"`
	Transactions []struct {
		Counter  uint32
		PINKey   vectors.Hex `json:"pin_encryption_key"`
		PINBlock vectors.Hex `json:"encrypted_pin_block"`
	}
}

func TestPublishedChain(t *testing.T) {
	v := vectors.Load[chain](t, "aes-dukpt-iso9564-format4.json")
	register := newRegister(t, v)
	for _, transaction := range v.Transactions {
		ksn, pinKey, err := register.NextPINKey()
		if err != nil {
			t.Fatal(err)
		}
		if want := append(bytes.Clone(v.InitialKeyID), 0, 0, 0, byte(transaction.Counter)); !bytes.Equal(ksn, want) {
			t.Errorf("KSN = %x, want %x", ksn, want)
		}
		if !bytes.Equal(pinKey, transaction.PINKey) {
			t.Errorf("PIN key %d = %x, want %x", transaction.Counter, pinKey, transaction.PINKey)
		}
		block, err := dukpt.EncipherPIN(pinKey, v.PIN, v.PAN, bytes.NewReader(v.PINField[8:]))
		if err != nil || !bytes.Equal(block, transaction.PINBlock) {
			t.Errorf("PIN block = %x, %v, want %x", block, err, transaction.PINBlock)
		}
	}
}

func TestRegisterContinuesFromWhatItStored(t *testing.T) {
	v := vectors.Load[chain](t, "aes-dukpt-iso9564-format4.json")
	straight, stored := newRegister(t, v), newRegister(t, v)
	for i := range 300 {
		state, _ := stored.MarshalBinary()
		again, err := dukpt.UnmarshalRegister(state)
		if err != nil {
			t.Fatalf("payment %d: %v", i, err)
		}
		stored = again
		ksn, pinKey, _ := straight.NextPINKey()
		ksn2, pinKey2, _ := stored.NextPINKey()
		if !bytes.Equal(ksn, ksn2) || !bytes.Equal(pinKey, pinKey2) {
			t.Fatalf("payment %d differs after storing", i)
		}
	}
	state, _ := stored.MarshalBinary()
	for _, wrong := range [][]byte{nil, state[1:], append([]byte{2}, state[1:]...), withByte(state, 12, 0)} {
		if _, err := dukpt.UnmarshalRegister(wrong); err == nil {
			t.Errorf("a damaged register of %d bytes was accepted", len(wrong))
		}
	}
}

func TestPINBlockRefusals(t *testing.T) {
	key := make([]byte, dukpt.KeySize)
	tests := []struct {
		name, pin, pan string
		want           error
	}{
		{"three digits", "123", "4111111111111111", dukpt.ErrPIN},
		{"thirteen digits", "1234567890123", "4111111111111111", dukpt.ErrPIN},
		{"letters", "12a4", "4111111111111111", dukpt.ErrPIN},
		{"short card number", "1234", "41111111111", dukpt.ErrPAN},
		{"long card number", "1234", "41111111111111111111", dukpt.ErrPAN},
		{"spaces", "1234", "4111 1111 1111 1111", dukpt.ErrPAN},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := dukpt.EncipherPIN(key, test.pin, test.pan, vectors.Repeated(0))
			if !errors.Is(err, test.want) {
				t.Errorf("err = %v, want %v", err, test.want)
			}
		})
	}
}

func newRegister(t *testing.T, v chain) *dukpt.Register {
	t.Helper()
	initialKey, err := dukpt.InitialKey(v.BDK, v.InitialKeyID)
	if err != nil || !bytes.Equal(initialKey, v.InitialKey) {
		t.Fatalf("initial key = %x, %v, want %x", initialKey, err, v.InitialKey)
	}
	register, err := dukpt.NewRegister(v.InitialKeyID, initialKey)
	if err != nil {
		t.Fatal(err)
	}
	return register
}

func withByte(data []byte, at int, value byte) []byte {
	changed := bytes.Clone(data)
	changed[at] = value
	return changed
}
