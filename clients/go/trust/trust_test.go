package trust_test

import (
	"errors"
	"testing"
	"time"

	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	"github.com/cardlane/cardlane/clients/go/internal/testmesh"
	"github.com/cardlane/cardlane/clients/go/strictsig"
	"github.com/cardlane/cardlane/clients/go/trust"
)

var now = time.Unix(1_700_000_000, 0)

func TestReaderCertificates(t *testing.T) {
	mesh := testmesh.New(t, now)
	other := testmesh.New(t, now)
	valid := mesh.ReaderCertificate(nil)
	changed := func(change func(*keysv1.ReaderCertificate)) *keysv1.SignedEnvelope {
		return mesh.ReaderCertificate(change)
	}
	flipped := mesh.ReaderCertificate(nil)
	flipped.Payload[5] ^= 1
	oneRoot := mesh.ReaderCertificate(nil)
	oneRoot.Signatures = oneRoot.Signatures[:1]
	sameTwice := mesh.ReaderCertificate(nil)
	sameTwice.Signatures[1] = sameTwice.Signatures[0]
	tests := []struct {
		name     string
		envelope *keysv1.SignedEnvelope
		accepted bool
	}{
		{"as issued", valid, true},
		{"missing", nil, false},
		{"a terminal's", mesh.TerminalCertificate(nil), false},
		{"of another mesh", other.ReaderCertificate(nil), false},
		{"one bit flipped", flipped, false},
		{"one root signed", oneRoot, false},
		{"one root signed twice", sameTwice, false},
		{"expired", changed(func(c *keysv1.ReaderCertificate) { c.NotAfterMs = now.UnixMilli() - 1 }), false},
		{"early", changed(func(c *keysv1.ReaderCertificate) { c.NotBeforeMs = now.UnixMilli() + 1 }), false},
		{"version 2", changed(func(c *keysv1.ReaderCertificate) { c.Version = 2 }), false},
		{"serial in small letters", changed(func(c *keysv1.ReaderCertificate) { c.Serial = "go" }), false},
		{"weak key", changed(func(c *keysv1.ReaderCertificate) { c.SigningKey = make([]byte, 32) }), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := mesh.Roots.VerifyReader(test.envelope, now)
			if (err == nil) != test.accepted || err != nil && !errors.Is(err, trust.ErrCertificate) {
				t.Errorf("err = %v, want accepted %t", err, test.accepted)
			}
		})
	}
}

func TestManifests(t *testing.T) {
	mesh := testmesh.New(t, now)
	other := testmesh.New(t, now)
	foreign := mesh.Manifest(2, nil)
	foreign.Delegation = other.Manifest(2, nil).Delegation
	changed := func(change func(*keysv1.KeyManifest)) *keysv1.DelegatedManifest {
		return mesh.Manifest(2, change)
	}
	tests := []struct {
		name     string
		manifest *keysv1.DelegatedManifest
		accepted bool
	}{
		{"newer", mesh.Manifest(3, nil), true},
		{"the same number", mesh.Manifest(2, nil), true},
		{"older", mesh.Manifest(1, nil), false},
		{"missing", nil, false},
		{"another processor's delegation", foreign, false},
		{"expired", changed(func(m *keysv1.KeyManifest) { m.ExpiresAtMs = now.UnixMilli() - 1 }), false},
		{"too long", changed(func(m *keysv1.KeyManifest) {
			m.ExpiresAtMs = m.IssuedAtMs + trust.ManifestLife.Milliseconds() + 1
		}), false},
		{"no keys", changed(func(m *keysv1.KeyManifest) { m.Keys = nil }), false},
		{"wrong key id", changed(func(m *keysv1.KeyManifest) { m.Keys[0].KeyId = make([]byte, 8) }), false},
		{"no purpose", changed(func(m *keysv1.KeyManifest) { m.Keys[0].Purpose = 0 }), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := mesh.Roots.VerifyManifest(test.manifest, now, 2)
			if (err == nil) != test.accepted || err != nil && !errors.Is(err, trust.ErrManifest) {
				t.Errorf("err = %v, want accepted %t", err, test.accepted)
			}
		})
	}
}

func TestCurrentKeyIsTheNewest(t *testing.T) {
	mesh := testmesh.New(t, now)
	newer := strictsig.PublicKeyOf(testmesh.Signer())
	manifest, err := mesh.Roots.VerifyManifest(mesh.Manifest(1, func(m *keysv1.KeyManifest) {
		m.Keys = append(m.Keys, &keysv1.ManifestKey{
			KeyId: newer.ID(), Purpose: keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_RESULT,
			PublicKey: newer.Bytes(), NotBeforeMs: now.UnixMilli(), NotAfterMs: now.UnixMilli() + 10,
		})
		m.RevokedCertificateIds = [][]byte{[]byte("revoked!")}
	}), now, 0)
	if err != nil {
		t.Fatal(err)
	}
	key, err := manifest.CurrentKey(keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_RESULT, now)
	if err != nil || string(key.KeyId) != string(newer.ID()) {
		t.Errorf("key = %v, %v", key, err)
	}
	if _, err = manifest.CurrentKey(keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_HOP, now.Add(24*time.Hour)); err == nil {
		t.Error("an expired key is current")
	}
	if !manifest.IsRevoked([]byte("revoked!")) || manifest.IsRevoked([]byte("another!")) {
		t.Error("revocations are not those of the manifest")
	}
}
