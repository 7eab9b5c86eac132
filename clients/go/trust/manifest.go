package trust

import (
	"bytes"
	"errors"
	"time"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	"github.com/cardlane/cardlane/clients/go/strictsig"
)

// ManifestLife is how long a manifest may be used at most: a frozen one goes stale by itself.
const ManifestLife = 7 * 24 * time.Hour

const (
	manifestKeysMax = 16
	revocationsMax  = 200
)

// ErrManifest is the one error for whatever is wrong with a key manifest.
var ErrManifest = errors.New("key manifest rejected")

// ErrNoKey is returned when a manifest has no valid key of a purpose.
var ErrNoKey = errors.New("the key manifest has no valid key for this")

// Manifest is a verified key manifest: which key of the processor is for what, and who is revoked.
type Manifest struct {
	*keysv1.KeyManifest
	// Delegated is the manifest as it came, for passing on.
	Delegated *keysv1.DelegatedManifest
}

// VerifyManifest checks root, delegation and manifest. lowest is the number of the newest manifest
// seen before: a lower one is a rollback.
func (r *Roots) VerifyManifest(
	delegated *keysv1.DelegatedManifest, now time.Time, lowest uint64,
) (*Manifest, error) {
	signer, err := r.openDelegation(delegated.GetDelegation(), now)
	if err != nil {
		return nil, err
	}
	trusted := []strictsig.PublicKey{signer}
	if !dsse.VerifyThreshold(dsse.Manifest, delegated.GetManifest(), trusted, 1) {
		return nil, ErrManifest
	}
	m := &Manifest{KeyManifest: new(keysv1.KeyManifest), Delegated: delegated}
	if err := canonical.Unmarshal(delegated.GetManifest().GetPayload(), m.KeyManifest); err != nil {
		return nil, ErrManifest
	}
	life := time.Duration(m.ExpiresAtMs-m.IssuedAtMs) * time.Millisecond
	switch {
	case m.Version != 1, m.Number < 1, m.Number < lowest, !m.IsValidAt(now), life > ManifestLife:
		return nil, ErrManifest
	case m.Development && !r.isDevelopment:
		return nil, ErrManifest
	case len(m.Keys) < 1, len(m.Keys) > manifestKeysMax, len(m.RevokedCertificateIds) > revocationsMax:
		return nil, ErrManifest
	}
	for _, key := range m.Keys {
		isNamed := bytes.Equal(strictsig.KeyID(key.PublicKey), key.KeyId)
		if len(key.PublicKey) != 32 || !isNamed || key.Purpose == 0 {
			return nil, ErrManifest
		}
	}
	return m, nil
}

// IsValidAt reports whether the manifest may be used now.
func (m *Manifest) IsValidAt(now time.Time) bool {
	nowMs := now.UnixMilli()
	return nowMs >= m.IssuedAtMs && nowMs <= m.ExpiresAtMs
}

// IsRevoked reports whether a certificate (by its 8 byte id) is revoked.
func (m *Manifest) IsRevoked(certificateID []byte) bool {
	for _, revoked := range m.RevokedCertificateIds {
		if bytes.Equal(revoked, certificateID) {
			return true
		}
	}
	return false
}

// CurrentKey is the key to seal with now: of those valid, the one that came into use last.
func (m *Manifest) CurrentKey(purpose keysv1.KeyPurpose, now time.Time) (*keysv1.ManifestKey, error) {
	var current *keysv1.ManifestKey
	for _, key := range m.Keys {
		isUsable := key.Purpose == purpose && isValidKey(key, now.UnixMilli())
		if isUsable && (current == nil || key.NotBeforeMs > current.NotBeforeMs) {
			current = key
		}
	}
	if current == nil {
		return nil, ErrNoKey
	}
	return current, nil
}

// FindKey is the key of that id, also when it has expired; nil when the manifest does not list it.
func (m *Manifest) FindKey(purpose keysv1.KeyPurpose, id []byte) *keysv1.ManifestKey {
	for _, key := range m.Keys {
		if key.Purpose == purpose && bytes.Equal(key.KeyId, id) {
			return key
		}
	}
	return nil
}

func (r *Roots) openDelegation(
	envelope *keysv1.SignedEnvelope, now time.Time,
) (strictsig.PublicKey, error) {
	if !dsse.VerifyThreshold(dsse.ManifestDelegation, envelope, r.processor, rootSignaturesMin) {
		return strictsig.PublicKey{}, ErrManifest
	}
	var delegation keysv1.ManifestDelegation
	if err := canonical.Unmarshal(envelope.GetPayload(), &delegation); err != nil {
		return strictsig.PublicKey{}, ErrManifest
	}
	nowMs := now.UnixMilli()
	isDated := nowMs >= delegation.NotBeforeMs && nowMs <= delegation.NotAfterMs
	signer, err := strictsig.ParsePublicKey(delegation.SignerKey)
	if err != nil || delegation.Version != 1 || !isDated {
		return strictsig.PublicKey{}, ErrManifest
	}
	return signer, nil
}

func isValidKey(key *keysv1.ManifestKey, atMs int64) bool {
	return atMs >= key.NotBeforeMs && atMs <= key.NotAfterMs
}
