package trust

import (
	"crypto/sha512"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/strictsig"
)

const (
	rootKeys          = 3
	rootSignaturesMin = 2
	certificateIDSize = 8
)

// ErrCertificate is the one error for whatever is wrong with a certificate.
var ErrCertificate = errors.New("certificate rejected")

// Roots are the public keys that a program trusts from its installation on.
type Roots struct {
	vendor, acquirer, processor []strictsig.PublicKey
	// isDevelopment: only then are development certificates accepted.
	isDevelopment bool
}

// NewRoots takes three keys of each root.
func NewRoots(wire *keysv1.TrustedRoots) (*Roots, error) {
	roots := &Roots{isDevelopment: wire.GetDevelopment()}
	for _, root := range []struct {
		name   string
		raw    [][]byte
		target *[]strictsig.PublicKey
	}{
		{"vendor", wire.GetVendorKeys(), &roots.vendor},
		{"acquirer", wire.GetAcquirerKeys(), &roots.acquirer},
		{"processor", wire.GetProcessorKeys(), &roots.processor},
	} {
		if len(root.raw) != rootKeys {
			return nil, fmt.Errorf("trusted roots need 3 %s keys, got %d", root.name, len(root.raw))
		}
		for _, raw := range root.raw {
			key, err := strictsig.ParsePublicKey(raw)
			if err != nil {
				return nil, fmt.Errorf("a %s root: %w", root.name, err)
			}
			*root.target = append(*root.target, key)
		}
	}
	return roots, nil
}

// Identified is what every verified certificate has.
type Identified struct {
	// ID is the first 8 bytes of Digest.
	ID []byte
	// Digest is SHA-512 of the payload: what the two Hellos of stream 1 name.
	Digest []byte
}

// Reader is a verified reader certificate.
type Reader struct {
	Identified
	*keysv1.ReaderCertificate
	// Identity is the key of the Salt Channel, Signing the one that signs payments.
	Identity, Signing strictsig.PublicKey
}

// Terminal is a verified terminal certificate.
type Terminal struct {
	Identified
	*keysv1.TerminalCertificate
	// Identity is the key of the Salt Channel, Signing the one that signs instructions.
	Identity, Signing strictsig.PublicKey
}

// Relay is a verified relay certificate.
type Relay struct {
	Identified
	*keysv1.RelayCertificate
	// Signing is the key that signs reversals.
	Signing strictsig.PublicKey
}

// VerifyReader checks signatures, serialisation, dates and keys.
func (r *Roots) VerifyReader(envelope *keysv1.SignedEnvelope, now time.Time) (*Reader, error) {
	c := &Reader{ReaderCertificate: new(keysv1.ReaderCertificate)}
	var err error
	c.Identified, err = r.open(envelope, dsse.ReaderCertificate, r.vendor, c.ReaderCertificate, now)
	if err != nil || !payment.IsSerial(c.Serial) {
		return nil, ErrCertificate
	}
	c.Identity, c.Signing, err = keyPair(c.IdentityKey, c.SigningKey)
	return c, err
}

// VerifyTerminal checks signatures, serialisation, dates and keys.
func (r *Roots) VerifyTerminal(envelope *keysv1.SignedEnvelope, now time.Time) (*Terminal, error) {
	c := &Terminal{TerminalCertificate: new(keysv1.TerminalCertificate)}
	var err error
	c.Identified, err = r.open(envelope, dsse.TerminalCertificate, r.acquirer, c.TerminalCertificate, now)
	if err != nil || !payment.IsTerminalID(c.TerminalId) || !payment.IsMerchantID(c.MerchantId) {
		return nil, ErrCertificate
	}
	c.Identity, c.Signing, err = keyPair(c.IdentityKey, c.SigningKey)
	return c, err
}

// VerifyRelay checks signatures, serialisation, dates and keys.
func (r *Roots) VerifyRelay(envelope *keysv1.SignedEnvelope, now time.Time) (*Relay, error) {
	c := &Relay{RelayCertificate: new(keysv1.RelayCertificate)}
	var err error
	c.Identified, err = r.open(envelope, dsse.RelayCertificate, r.acquirer, c.RelayCertificate, now)
	if err != nil || len(c.RelayId) != 2 || len(c.HopKey) != 32 {
		return nil, ErrCertificate
	}
	if c.Signing, err = strictsig.ParsePublicKey(c.SigningKey); err != nil {
		return nil, ErrCertificate
	}
	return c, nil
}

// body is what all certificate messages have.
type body interface {
	proto.Message
	GetVersion() uint32
	GetNotBeforeMs() int64
	GetNotAfterMs() int64
	GetDevelopment() bool
}

// open checks the signatures first, then reads.
func (r *Roots) open(
	envelope *keysv1.SignedEnvelope, t dsse.Type, trusted []strictsig.PublicKey, into body, now time.Time,
) (Identified, error) {
	if !dsse.VerifyThreshold(t, envelope, trusted, rootSignaturesMin) {
		return Identified{}, ErrCertificate
	}
	if err := canonical.Unmarshal(envelope.GetPayload(), into); err != nil {
		return Identified{}, ErrCertificate
	}
	nowMs := now.UnixMilli()
	isDated := nowMs >= into.GetNotBeforeMs() && nowMs <= into.GetNotAfterMs()
	if into.GetVersion() != 1 || !isDated || into.GetDevelopment() && !r.isDevelopment {
		return Identified{}, ErrCertificate
	}
	digest := sha512.Sum512(envelope.GetPayload())
	return Identified{ID: digest[:certificateIDSize], Digest: digest[:]}, nil
}

func keyPair(identity, signing []byte) (first, second strictsig.PublicKey, err error) {
	first, err = strictsig.ParsePublicKey(identity)
	if err == nil {
		second, err = strictsig.ParsePublicKey(signing)
	}
	if err != nil {
		return strictsig.PublicKey{}, strictsig.PublicKey{}, ErrCertificate
	}
	return first, second, nil
}
