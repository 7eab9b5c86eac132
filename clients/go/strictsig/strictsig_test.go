package strictsig_test

import (
	"testing"

	"github.com/cardlane/cardlane/clients/go/internal/vectors"
	"github.com/cardlane/cardlane/clients/go/strictsig"
)

type verdicts struct {
	Vectors []struct {
		Name, Expect, Why string
		PublicKey         vectors.Hex `json:"public_key"`
		Message           vectors.Hex
		Signature         vectors.Hex
	}
}

func TestVerdicts(t *testing.T) {
	for _, v := range vectors.Load[verdicts](t, "ed25519-verdicts.json").Vectors {
		t.Run(v.Name, func(t *testing.T) {
			key, err := strictsig.ParsePublicKey(v.PublicKey)
			accepted := err == nil && key.Verify(v.Message, v.Signature)
			if want := v.Expect == "accepted"; accepted != want {
				t.Errorf("accepted = %t, want %t: %s", accepted, want, v.Why)
			}
		})
	}
}

func TestZeroKeyVerifiesNothing(t *testing.T) {
	if (strictsig.PublicKey{}).Verify(nil, make([]byte, 64)) {
		t.Error("the zero key verified a signature")
	}
}
