// Package testmesh makes the keys and certificates of one small mesh, for tests.
package testmesh

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	"github.com/cardlane/cardlane/clients/go/dukpt"
	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	"github.com/cardlane/cardlane/clients/go/strictsig"
	"github.com/cardlane/cardlane/clients/go/trust"
)

// Facts of the mesh.
const (
	Serial     = "GO-0001"
	MerchantID = "CORNERCOFFEE001"
	TerminalID = "TILL0001"
	RelayID    = "A1"
)

// Mesh is everybody's private keys in one place.
type Mesh struct {
	t     testing.TB
	now   time.Time
	Roots *trust.Roots

	vendor, acquirer, processorRoot []ed25519.PrivateKey

	ReaderIdentity, ReaderSigning     ed25519.PrivateKey
	TerminalIdentity, TerminalSigning ed25519.PrivateKey
	RelaySigning, Result              ed25519.PrivateKey
	RelayHop, ProcessorHop            *ecdh.PrivateKey
	CardKey, PINKey                   *ecdh.PrivateKey
	signer                            ed25519.PrivateKey
	delegation                        *keysv1.SignedEnvelope

	InitialKeyID, InitialKey []byte
}

// New makes a mesh whose certificates are valid an hour around now.
func New(t testing.TB, now time.Time) *Mesh {
	t.Helper()
	m := &Mesh{
		t: t, now: now,
		vendor: threeSigners(), acquirer: threeSigners(), processorRoot: threeSigners(),
		ReaderIdentity: Signer(), ReaderSigning: Signer(),
		TerminalIdentity: Signer(), TerminalSigning: Signer(),
		RelaySigning: Signer(), Result: Signer(), signer: Signer(),
		RelayHop: agreement(t), ProcessorHop: agreement(t), CardKey: agreement(t), PINKey: agreement(t),
		InitialKeyID: []byte("12345678"),
	}
	var err error
	m.InitialKey, err = dukpt.InitialKey([]byte("0123456789abcdef"), m.InitialKeyID)
	m.check(err)
	m.Roots, err = trust.NewRoots(&keysv1.TrustedRoots{
		VendorKeys: publicKeys(m.vendor), AcquirerKeys: publicKeys(m.acquirer),
		ProcessorKeys: publicKeys(m.processorRoot), Development: true,
	})
	m.check(err)
	m.delegation = m.issue(dsse.ManifestDelegation, &keysv1.ManifestDelegation{
		Version: 1, SignerKey: public(m.signer), NotBeforeMs: m.at(-1), NotAfterMs: m.at(1),
	}, m.processorRoot[:2])
	return m
}

// ReaderCertificate is issued by the vendor root; change may change it before it is signed.
func (m *Mesh) ReaderCertificate(change func(*keysv1.ReaderCertificate)) *keysv1.SignedEnvelope {
	certificate := &keysv1.ReaderCertificate{
		Version: 1, Serial: Serial, Model: "test", DukptInitialKeyId: m.InitialKeyID,
		IdentityKey: public(m.ReaderIdentity), SigningKey: public(m.ReaderSigning),
		NotBeforeMs: m.at(-1), NotAfterMs: m.at(1), Development: true,
	}
	if change != nil {
		change(certificate)
	}
	return m.issue(dsse.ReaderCertificate, certificate, m.vendor[:2])
}

// TerminalCertificate is issued by the acquirer root.
func (m *Mesh) TerminalCertificate(change func(*keysv1.TerminalCertificate)) *keysv1.SignedEnvelope {
	certificate := &keysv1.TerminalCertificate{
		Version: 1, TerminalId: TerminalID, MerchantId: MerchantID, MerchantName: "Corner Coffee",
		Country: 276, MerchantCategoryCode: 5812,
		IdentityKey: public(m.TerminalIdentity), SigningKey: public(m.TerminalSigning),
		NotBeforeMs: m.at(-1), NotAfterMs: m.at(1), Development: true,
	}
	if change != nil {
		change(certificate)
	}
	return m.issue(dsse.TerminalCertificate, certificate, m.acquirer[1:])
}

// RelayCertificate is issued by the acquirer root.
func (m *Mesh) RelayCertificate() *keysv1.SignedEnvelope {
	return m.issue(dsse.RelayCertificate, &keysv1.RelayCertificate{
		Version: 1, RelayId: RelayID, HopKey: m.RelayHop.PublicKey().Bytes(),
		SigningKey: public(m.RelaySigning), NotBeforeMs: m.at(-1), NotAfterMs: m.at(1), Development: true,
	}, m.acquirer[:2])
}

// Manifest has every key of the processor; change may change it before it is signed.
func (m *Mesh) Manifest(number uint64, change func(*keysv1.KeyManifest)) *keysv1.DelegatedManifest {
	manifest := &keysv1.KeyManifest{
		Version: 1, Number: number, IssuedAtMs: m.at(-1), ExpiresAtMs: m.at(1), Development: true,
		Keys: []*keysv1.ManifestKey{
			m.key(keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_CARD, m.CardKey.PublicKey().Bytes()),
			m.key(keysv1.KeyPurpose_KEY_PURPOSE_PIN_SERVICE, m.PINKey.PublicKey().Bytes()),
			m.key(keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_HOP, m.ProcessorHop.PublicKey().Bytes()),
			m.key(keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_RESULT, public(m.Result)),
		},
	}
	if change != nil {
		change(manifest)
	}
	envelope := m.issue(dsse.Manifest, manifest, []ed25519.PrivateKey{m.signer})
	return &keysv1.DelegatedManifest{Delegation: m.delegation, Manifest: envelope}
}

// Signer makes an Ed25519 key.
func Signer() ed25519.PrivateKey {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return private
}

func (m *Mesh) key(purpose keysv1.KeyPurpose, publicKey []byte) *keysv1.ManifestKey {
	return &keysv1.ManifestKey{
		KeyId: strictsig.KeyID(publicKey), Purpose: purpose, PublicKey: publicKey,
		NotBeforeMs: m.at(-1), NotAfterMs: m.at(1),
	}
}

func (m *Mesh) issue(
	t dsse.Type, message proto.Message, keys []ed25519.PrivateKey,
) *keysv1.SignedEnvelope {
	payload, err := canonical.Marshal(message)
	m.check(err)
	return dsse.SignEnvelope(t, payload, keys...)
}

func (m *Mesh) at(hours int64) int64 {
	return m.now.Add(time.Duration(hours) * time.Hour).UnixMilli()
}

func (m *Mesh) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func threeSigners() []ed25519.PrivateKey {
	return []ed25519.PrivateKey{Signer(), Signer(), Signer()}
}

func agreement(t testing.TB) *ecdh.PrivateKey {
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func public(private ed25519.PrivateKey) []byte { return strictsig.PublicKeyOf(private).Bytes() }

func publicKeys(privates []ed25519.PrivateKey) [][]byte {
	var keys [][]byte
	for _, private := range privates {
		keys = append(keys, public(private))
	}
	return keys
}
