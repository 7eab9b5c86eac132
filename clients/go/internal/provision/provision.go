// Package provision opens a second counter in a development mesh: a new reader and a new terminal,
// each with its own keys and certificate, made known to relay and processor.
package provision

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	"github.com/cardlane/cardlane/clients/go/dukpt"
	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	"github.com/cardlane/cardlane/clients/go/strictsig"
	"github.com/cardlane/cardlane/clients/go/trust"
)

const (
	// skew: clocks of two programs may differ; nothing is valid from this very moment only.
	skew     = time.Hour
	validity = 365 * 24 * time.Hour
)

// Counter is what to open, and where.
type Counter struct {
	// Mesh is the data folder of a mesh that `npm start` runs: it has the roots.
	Mesh string
	// Out is the folder to make, with keys/reader and keys/terminal.
	Out string
	// Serial of the new reader, TerminalID of the new terminal.
	Serial, TerminalID string
	// IsSimulating: amounts that end in a response code give it.
	IsSimulating bool
	// Relay and Processor are the addresses where the devices are registered.
	Relay, Processor string
}

func keyFolder(directory, program string) trust.KeyFolder {
	return trust.KeyFolder(filepath.Join(directory, "keys", program))
}

// Open does everything. What is there already stays and is registered again.
func (c *Counter) Open() error {
	shop, err := c.existingTerminal()
	if err != nil {
		return err
	}
	if err := c.makeMissing(shop); err != nil {
		return err
	}
	return c.register(shop.MerchantId)
}

// existingTerminal tells whose shop it is.
func (c *Counter) existingTerminal() (*keysv1.TerminalCertificate, error) {
	roots, err := c.keys("terminal").Roots()
	if err != nil {
		return nil, err
	}
	envelope, err := c.keys("terminal").Certificate()
	if err != nil {
		return nil, err
	}
	terminal, err := roots.VerifyTerminal(envelope, time.Now())
	if err != nil {
		return nil, err
	}
	return terminal.TerminalCertificate, nil
}

func (c *Counter) makeMissing(shop *keysv1.TerminalCertificate) error {
	if err := os.MkdirAll(filepath.Join(c.Out, "keys"), 0o700); err != nil {
		return err
	}
	for program, build := range map[string]func(trust.KeyFolder, *keysv1.TerminalCertificate) error{
		"reader": c.makeReader, "terminal": c.makeTerminal,
	} {
		target := c.own(program)
		if _, err := os.Stat(string(target)); !errors.Is(err, os.ErrNotExist) {
			continue
		}
		// Under another name first: being killed half-way leaves nothing that looks complete.
		folder, err := os.MkdirTemp(c.Out, ".unfinished-")
		if err != nil {
			return err
		}
		if err := build(trust.KeyFolder(folder), shop); err != nil {
			return errors.Join(err, os.RemoveAll(folder))
		}
		if err := os.Rename(folder, string(target)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Counter) makeReader(folder trust.KeyFolder, _ *keysv1.TerminalCertificate) error {
	base, err := c.keys("pin-service").Key("base-derivation")
	if err != nil {
		return err
	}
	defer clear(base)
	initialKeyID := make([]byte, dukpt.InitialKeyIDSize)
	_, _ = rand.Read(initialKeyID)
	initialKey, err := dukpt.InitialKey(base, initialKeyID)
	if err != nil {
		return err
	}
	if err := folder.WriteKey("dukpt-initial", nil, initialKey); err != nil {
		return err
	}
	identity, signing, err := newKeys(folder)
	if err != nil {
		return err
	}
	certificate := &keysv1.ReaderCertificate{
		Version: 1, Serial: c.Serial, Model: "cardlane Go reader", IdentityKey: identity,
		SigningKey: signing, DukptInitialKeyId: initialKeyID, Development: true,
		NotBeforeMs: time.Now().Add(-skew).UnixMilli(), NotAfterMs: time.Now().Add(validity).UnixMilli(),
	}
	return c.issue(folder, dsse.ReaderCertificate, "vendor-root", certificate)
}

func (c *Counter) makeTerminal(folder trust.KeyFolder, shop *keysv1.TerminalCertificate) error {
	identity, signing, err := newKeys(folder)
	if err != nil {
		return err
	}
	certificate := &keysv1.TerminalCertificate{
		Version: 1, TerminalId: c.TerminalID, MerchantId: shop.MerchantId,
		MerchantName: shop.MerchantName, Country: shop.Country,
		MerchantCategoryCode: shop.MerchantCategoryCode, IdentityKey: identity, SigningKey: signing,
		NotBeforeMs: time.Now().Add(-skew).UnixMilli(), NotAfterMs: time.Now().Add(validity).UnixMilli(),
		Development: true,
	}
	return c.issue(folder, dsse.TerminalCertificate, "acquirer-root", certificate)
}

// issue writes the certificate, signed by two of the root's three keys, and the roots to trust.
func (c *Counter) issue(
	folder trust.KeyFolder, t dsse.Type, root string, certificate proto.Message,
) error {
	seeds, err := c.keys("roots").Keys(root)
	if err != nil {
		return err
	}
	const needed = 2
	if len(seeds) < needed {
		return fmt.Errorf("%s has %d %s keys, two must sign", c.keys("roots"), len(seeds), root)
	}
	var signers []ed25519.PrivateKey
	for _, id := range slices.Sorted(maps.Keys(seeds))[:needed] {
		signers = append(signers, ed25519.NewKeyFromSeed(seeds[id]))
	}
	payload, err := canonical.Marshal(certificate)
	if err != nil {
		return err
	}
	if err := folder.Write("certificate.json", dsse.SignEnvelope(t, payload, signers...)); err != nil {
		return err
	}
	roots := new(keysv1.TrustedRoots)
	if err := c.keys("terminal").Read("trusted-roots.json", roots); err != nil {
		return err
	}
	return folder.Write("trusted-roots.json", roots)
}

func newKeys(folder trust.KeyFolder) (identity, signing []byte, err error) {
	var public [2][]byte
	for i, purpose := range []string{"identity", "signing"} {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		if err := folder.WriteKey(purpose, nil, private.Seed()); err != nil {
			return nil, nil, err
		}
		public[i] = strictsig.PublicKeyOf(private).Bytes()
	}
	return public[0], public[1], nil
}
