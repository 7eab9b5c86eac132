package reader

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	"github.com/cardlane/cardlane/clients/go/salt"
)

// shakeHands is M1 to M4 and both Hellos.
func (s *session) shakeHands(ctx context.Context) error {
	client, err := salt.NewClient(s.Random, s.Identity, time.Now())
	if err != nil {
		return err
	}
	if err := s.sendSalt(client.M1); err != nil {
		return err
	}
	m2, err := s.nextSalt(ctx)
	if err != nil {
		return err
	}
	if err := client.ReceiveM2(m2, time.Now()); err != nil {
		return err
	}
	// Checked before M3, so that an unknown terminal does not even cost a check of its signature.
	if err := s.receiveCertificate(ctx); err != nil {
		return err
	}
	m3, err := s.nextSalt(ctx)
	if err != nil {
		return err
	}
	key, err := client.ReceiveM3(m3, time.Now())
	if err != nil {
		return err
	}
	if key != s.terminal.Identity {
		return errors.New("M3 by another key than the certificate's")
	}
	m4, channel, err := client.Accept(time.Now())
	if err != nil {
		return err
	}
	s.channel = channel
	if err := s.sendSalt(m4); err != nil {
		return err
	}
	return s.greet(ctx)
}

func (s *session) receiveCertificate(ctx context.Context) error {
	frame, err := s.next(ctx)
	if err != nil {
		return err
	}
	s.terminal, err = s.Roots.VerifyTerminal(frame.GetTerminalCertificate(), s.Now())
	if err != nil {
		return err
	}
	s.device.mu.Lock()
	defer s.device.mu.Unlock()
	if s.device.manifest.isRevoked(s.terminal.ID) {
		return errors.New("terminal certificate revoked")
	}
	if paired := s.device.store.merchant; paired != "" && paired != s.terminal.MerchantId {
		return errors.New("paired with another merchant")
	}
	return nil
}

func (s *session) greet(ctx context.Context) error {
	s.device.mu.Lock()
	number := s.device.manifest.number()
	s.device.mu.Unlock()
	err := s.say(&readerv1.ReaderMessage{Message: &readerv1.ReaderMessage_Hello{
		Hello: &readerv1.ReaderHello{
			ReaderCertificate:         s.Options.Certificate,
			TerminalCertificateDigest: s.terminal.Digest,
			ManifestNumber:            number,
			Firmware:                  firmware,
			HasPinPad:                 s.PIN != "",
			TimeMs:                    s.Now().UnixMilli(),
		},
	}})
	if err != nil {
		return err
	}
	frame, err := s.next(ctx)
	if err != nil {
		return err
	}
	message, err := s.open(frame)
	if err != nil {
		return err
	}
	hello := message.GetHello()
	if hello == nil {
		return errors.New("first message is not Hello")
	}
	if !bytes.Equal(hello.ReaderCertificateDigest, s.device.certificate.Digest) {
		return errors.New("the terminal's Hello names another reader certificate")
	}
	s.device.mu.Lock()
	defer s.device.mu.Unlock()
	if hello.Manifest != nil {
		s.takeManifest(&readerv1.TerminalMessage_Manifest{Manifest: hello.Manifest})
	}
	// The manifest that has just come may know more than the one before M4.
	if s.device.manifest.isRevoked(s.terminal.ID) {
		return errors.New("terminal certificate revoked")
	}
	if s.device.store.merchant == "" {
		return s.device.store.pair(s.terminal.MerchantId)
	}
	return nil
}

func (s *session) nextSalt(ctx context.Context) ([]byte, error) {
	frame, err := s.next(ctx)
	if err != nil {
		return nil, err
	}
	return saltOf(frame)
}

func (s *session) next(ctx context.Context) (*readerv1.SessionRequest, error) {
	select {
	case frame, ok := <-s.frames:
		if !ok {
			return nil, io.EOF
		}
		return frame, nil
	case <-ctx.Done():
		return nil, errors.New("handshake took too long")
	}
}
