package processor

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	"github.com/cardlane/cardlane/clients/go/strictsig"
	"github.com/cardlane/cardlane/clients/go/trust"
)

// Keys are what a processor holds. Maps are by key id in hexadecimal: several while keys rotate.
type Keys struct {
	Card, Hop map[string]*ecdh.PrivateKey
	Result    map[string]ed25519.PrivateKey
	Manifest  *keysv1.DelegatedManifest
}

// ReadKeys reads card.<id>, hop.<id>, result.<id>, manifest-delegation.json and manifest.json.
func ReadKeys(folder trust.KeyFolder) (Keys, error) {
	keys := Keys{
		Card: map[string]*ecdh.PrivateKey{}, Hop: map[string]*ecdh.PrivateKey{},
		Result: map[string]ed25519.PrivateKey{},
		Manifest: &keysv1.DelegatedManifest{
			Delegation: new(keysv1.SignedEnvelope), Manifest: new(keysv1.SignedEnvelope),
		},
	}
	for purpose, target := range map[string]map[string]*ecdh.PrivateKey{
		"card": keys.Card, "hop": keys.Hop,
	} {
		secrets, err := folder.Keys(purpose)
		if err != nil {
			return keys, err
		}
		for _, secret := range secrets {
			private, err := ecdh.X25519().NewPrivateKey(secret)
			if err != nil {
				return keys, err
			}
			target[hex.EncodeToString(strictsig.KeyID(private.PublicKey().Bytes()))] = private
		}
	}
	seeds, err := folder.Keys("result")
	if err != nil {
		return keys, err
	}
	for _, seed := range seeds {
		if len(seed) != ed25519.SeedSize {
			return keys, fmt.Errorf("a result key must be 32 bytes, got %d", len(seed))
		}
		private := ed25519.NewKeyFromSeed(seed)
		keys.Result[hex.EncodeToString(strictsig.PublicKeyOf(private).ID())] = private
	}
	return keys, errors.Join(
		folder.Read("manifest-delegation.json", keys.Manifest.Delegation),
		folder.Read("manifest.json", keys.Manifest.Manifest))
}

// newKeyring checks the manifest and that the current keys are held.
func newKeyring(roots *trust.Roots, keys Keys, now time.Time) (*keyring, error) {
	manifest, err := roots.VerifyManifest(keys.Manifest, now, 0)
	if err != nil {
		return nil, err
	}
	ring := &keyring{Keys: keys, manifest: manifest}
	if _, _, err := ring.resultKey(now); err != nil {
		return nil, err
	}
	return ring, nil
}

// resultKey is the key that results are signed with now, and its id.
func (k *keyring) resultKey(now time.Time) (ed25519.PrivateKey, []byte, error) {
	current, err := k.manifest.CurrentKey(keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_RESULT, now)
	if err != nil {
		return nil, nil, err
	}
	private, ok := k.Result[hex.EncodeToString(current.KeyId)]
	if !ok {
		return nil, nil, errors.New("the manifest's result key is not in the key folder")
	}
	return private, current.KeyId, nil
}

// cardKey is the key that a box was sealed to.
func (k *keyring) cardKey(id []byte) (*ecdh.PrivateKey, bool) {
	private, ok := k.Card[hex.EncodeToString(id)]
	return private, ok && k.listed(keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_CARD, id)
}

// hopKey is the key that a hop box was made for.
func (k *keyring) hopKey(id []byte) (*ecdh.PrivateKey, bool) {
	private, ok := k.Hop[hex.EncodeToString(id)]
	return private, ok && k.listed(keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_HOP, id)
}
