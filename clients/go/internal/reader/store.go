package reader

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cardlane/cardlane/clients/go/dukpt"
	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	"github.com/cardlane/cardlane/clients/go/internal/durable"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/trust"
)

const (
	counterFile  = "counter.bin"
	registerFile = "dukpt-register.bin"
	pairingFile  = "pairing.bin"
	manifestFile = "manifest.bin"
	signedPrefix = "signed-"
	// takenMax: payment ids that the reader remembers having taken a counter for.
	takenMax = 1024
	// resendMargin is how long after submit_before signed bytes can still be asked for.
	resendMargin = time.Minute
)

// store is what a reader must not forget: counter, PIN keys, pairing, manifest, and signed payments
// until they are answered. Each is on the disk before it is used.
type store struct {
	files    *durable.Files
	register *dukpt.Register
	counter  uint64
	// taken ids, oldest first.
	taken    []payment.ID
	merchant string
	kept     map[payment.ID]keptPayment
}

// keptPayment is a payment whose signed bytes are still needed.
type keptPayment struct {
	signed *paymentv1.SignedPayment
	parsed *payment.ReaderPayment
}

// openStore continues with what is there; newRegister makes the PIN keys of a new reader.
func openStore(files *durable.Files, newRegister func() (*dukpt.Register, error)) (*store, error) {
	s := &store{files: files, kept: map[payment.ID]keptPayment{}}
	counter, err := files.Read(counterFile)
	if err != nil {
		return nil, err
	}
	if len(counter) >= 8 {
		s.counter = binary.BigEndian.Uint64(counter)
		for id := range slices.Chunk(counter[8:], payment.IDSize) {
			s.taken = append(s.taken, payment.ID(id))
		}
	}
	merchant, err := files.Read(pairingFile)
	if err != nil {
		return nil, err
	}
	s.merchant = string(merchant)
	if err := s.openRegister(newRegister); err != nil {
		return nil, err
	}
	return s, s.openKept()
}

func (s *store) openRegister(newRegister func() (*dukpt.Register, error)) error {
	state, err := s.files.Read(registerFile)
	if err != nil {
		return err
	}
	if state != nil {
		s.register, err = dukpt.UnmarshalRegister(state)
		return err
	}
	if s.register, err = newRegister(); err != nil {
		return err
	}
	return s.writeRegister()
}

func (s *store) openKept() error {
	names, err := s.files.List(signedPrefix)
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := s.files.Read(name)
		if err != nil {
			return err
		}
		signed := new(paymentv1.SignedPayment)
		if err := proto.Unmarshal(data, signed); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		parsed, err := payment.ParseReaderPayment(signed.ReaderPayment)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.kept[parsed.ID] = keptPayment{signed: signed, parsed: parsed}
	}
	return nil
}

func (s *store) writeRegister() error {
	state, err := s.register.MarshalBinary()
	if err != nil {
		return err
	}
	return s.files.Write(registerFile, state)
}

func (s *store) pair(merchant string) error {
	if err := s.files.Write(pairingFile, []byte(merchant)); err != nil {
		return err
	}
	s.merchant = merchant
	return nil
}

func (s *store) isTaken(id payment.ID) bool { return slices.Contains(s.taken, id) }

// takeCounter gives the next counter value, for this payment alone. Value and id are stored before
// either is used: a crash can waste a value, but never repeat one or sign an id twice.
func (s *store) takeCounter(id payment.ID) (uint64, error) {
	if s.isTaken(id) {
		return 0, payment.Refuse(payment.AlreadySigned, "the reader has signed this payment_id already")
	}
	// Taken in memory first: should the disk fail halfway, nobody knows which value it holds.
	s.counter++
	s.taken = append(s.taken, id)
	s.taken = s.taken[max(0, len(s.taken)-takenMax):]
	data := binary.BigEndian.AppendUint64(nil, s.counter)
	for _, one := range s.taken {
		data = append(data, one[:]...)
	}
	return s.counter, s.files.Write(counterFile, data)
}

// takePINKey gives the PIN key of one payment, which the caller clears.
func (s *store) takePINKey() (ksn, pinKey []byte, err error) {
	ksn, pinKey, err = s.register.NextPINKey()
	if err != nil {
		return nil, nil, err
	}
	return ksn, pinKey, s.writeRegister()
}

func (s *store) keep(signed *paymentv1.SignedPayment) error {
	parsed, err := payment.ParseReaderPayment(signed.ReaderPayment)
	if err != nil {
		return err
	}
	data, err := proto.Marshal(signed)
	if err != nil {
		return err
	}
	if err := s.files.Write(signedName(parsed.ID), data); err != nil {
		return err
	}
	s.kept[parsed.ID] = keptPayment{signed: signed, parsed: parsed}
	return nil
}

func (s *store) drop(id payment.ID) error {
	delete(s.kept, id)
	return s.files.Remove(signedName(id))
}

// dropStale forgets payments that nobody can submit any more.
func (s *store) dropStale(now time.Time) error {
	var errs []error
	for id, kept := range s.kept {
		if kept.parsed.Context.SubmitBeforeMs <= now.Add(-resendMargin).UnixMilli() {
			errs = append(errs, s.drop(id))
		}
	}
	return errors.Join(errs...)
}

func signedName(id payment.ID) string { return signedPrefix + hex.EncodeToString(id[:]) + ".bin" }

// keptManifest is the newest key manifest that the reader has seen. It outlives restarts, so that
// nobody can lead the reader back to keys or certificates that were revoked since.
type keptManifest struct {
	roots  *trust.Roots
	files  *durable.Files
	newest *trust.Manifest
}

func openManifest(roots *trust.Roots, files *durable.Files) (*keptManifest, error) {
	k := &keptManifest{roots: roots, files: files}
	data, err := files.Read(manifestFile)
	if err != nil || len(data) < 8 {
		return k, err
	}
	delegated := new(keysv1.DelegatedManifest)
	if err := proto.Unmarshal(data[8:], delegated); err != nil {
		return nil, err
	}
	// Checked as of the time when it was accepted: an expired manifest is no good for sealing, but
	// its number and its revocations still count.
	acceptedAt := time.UnixMilli(int64(binary.BigEndian.Uint64(data)))
	k.newest, err = roots.VerifyManifest(delegated, acceptedAt, 0)
	return k, err
}

func (k *keptManifest) number() uint64 {
	if k.newest == nil {
		return 0
	}
	return k.newest.Number
}

func (k *keptManifest) isRevoked(certificateID []byte) bool {
	return k.newest != nil && k.newest.IsRevoked(certificateID)
}

// valid gives the newest manifest while it may be used.
func (k *keptManifest) valid(now time.Time) (*trust.Manifest, error) {
	if k.newest == nil || !k.newest.IsValidAt(now) {
		return nil, payment.Refuse(payment.KeyNotValid, "there is no valid key manifest")
	}
	return k.newest, nil
}

// offer takes a newer manifest, durably; the same one again is no news.
func (k *keptManifest) offer(delegated *keysv1.DelegatedManifest, now time.Time) error {
	offered, err := k.roots.VerifyManifest(delegated, now, k.number())
	if err != nil {
		return err
	}
	if k.newest != nil && offered.Number == k.newest.Number {
		return nil
	}
	var file bytes.Buffer
	file.Write(binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli())))
	data, err := proto.Marshal(delegated)
	if err != nil {
		return err
	}
	file.Write(data)
	if err := k.files.Write(manifestFile, file.Bytes()); err != nil {
		return err
	}
	k.newest = offered
	return nil
}
