package sealed_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/cardlane/cardlane/clients/go/internal/vectors"
	"github.com/cardlane/cardlane/clients/go/sealed"
)

type boxes struct {
	Vectors []struct {
		PublicKey vectors.Hex `json:"public_key"`
		SecretKey vectors.Hex `json:"secret_key"`
		Message   vectors.Hex
		Sealed    vectors.Hex
	}
}

func TestLibsodiumBoxesOpen(t *testing.T) {
	for _, v := range vectors.Load[boxes](t, "sealed-box.json").Vectors {
		private := privateKey(t, v.SecretKey)
		if !bytes.Equal(private.PublicKey().Bytes(), v.PublicKey) {
			t.Fatalf("public key = %x, want %x", private.PublicKey().Bytes(), v.PublicKey)
		}
		message, err := sealed.Open(private, v.Sealed)
		if err != nil || !bytes.Equal(message, v.Message) {
			t.Errorf("message = %x, %v, want %x", message, err, v.Message)
		}
		for i, flipped := range vectors.Flips(v.Sealed) {
			if _, err := sealed.Open(private, flipped); !errors.Is(err, sealed.ErrRejected) {
				t.Fatalf("bit in byte %d flipped: err = %v", i, err)
			}
		}
	}
}

func TestHopBoxesKeepTheirWay(t *testing.T) {
	relay := privateKey(t, bytes.Repeat([]byte{5}, 32))
	processor := privateKey(t, bytes.Repeat([]byte{6}, 32))
	hop := func(own, peer *ecdh.PrivateKey, label string) *sealed.Hop {
		h, err := sealed.NewHop(own, peer.PublicKey().Bytes(), label)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	box, err := hop(relay, processor, "A1").Seal(rand.Reader, sealed.Request, []byte("pay"))
	if err != nil {
		t.Fatal(err)
	}
	if message, err := hop(processor, relay, "A1").Open(sealed.Request, box); string(message) != "pay" {
		t.Errorf("message = %q, %v", message, err)
	}
	if _, err := hop(processor, relay, "A1").Open(sealed.Answer, box); err == nil {
		t.Error("a request passed for an answer")
	}
	if _, err := hop(processor, relay, "B2").Open(sealed.Request, box); err == nil {
		t.Error("a box of relay A1 passed for one of B2")
	}
	if _, err := hop(processor, relay, "A1").Open(sealed.Request, box[:23]); err == nil {
		t.Error("a box without its nonce was opened")
	}
}

func TestKeysThatAgreeWithEverybodyAreRefused(t *testing.T) {
	private := privateKey(t, bytes.Repeat([]byte{5}, 32))
	for _, public := range [][]byte{make([]byte, 32), append([]byte{1}, make([]byte, 31)...), {1, 2}} {
		if _, err := sealed.SharedKey(private, public); !errors.Is(err, sealed.ErrRejected) {
			t.Errorf("%x: err = %v", public, err)
		}
	}
}

func TestCardBoxLimits(t *testing.T) {
	public := privateKey(t, bytes.Repeat([]byte{2}, 32)).PublicKey().Bytes()
	digest := make([]byte, 64)
	if _, err := sealed.SealCard(rand.Reader, public, digest, make([]byte, sealed.CardDataMax)); err != nil {
		t.Errorf("the longest card data: %v", err)
	}
	if _, err := sealed.SealCard(rand.Reader, public, digest, make([]byte, sealed.CardDataMax+1)); err == nil {
		t.Error("card data that is too long was sealed")
	}
	if _, err := sealed.SealCard(rand.Reader, public, digest[1:], nil); err == nil {
		t.Error("a digest of 63 bytes was accepted")
	}
}

func privateKey(t *testing.T, raw []byte) *ecdh.PrivateKey {
	t.Helper()
	private, err := ecdh.X25519().NewPrivateKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return private
}
