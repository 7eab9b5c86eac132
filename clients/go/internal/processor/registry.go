// Package processor is a small processor that shares nothing with this repository's own one but the
// contracts: it shows that another implementation can take its place behind a relay. It keeps
// everything in memory and decides by amount; it is no place for money.
package processor

import (
	"bytes"
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	processorv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/processor/v1"
	relayv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/relay/v1"
	"github.com/cardlane/cardlane/clients/go/mesh"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/strictsig"
	"github.com/cardlane/cardlane/clients/go/trust"
)

// Most devices of one call.
const (
	relaysMax  = 100
	devicesMax = 1000
)

const active = relayv1.DeviceState_DEVICE_STATE_ACTIVE

// registry is which relays, terminals and readers this processor serves.
type registry struct {
	processorv1.UnimplementedProcessorRegistryServiceServer
	roots *trust.Roots
	now   func() time.Time

	mu        sync.Mutex
	relays    map[string]knownRelay    // By relay id.
	terminals map[string]knownTerminal // By terminal id.
	readers   map[string]knownReader   // By serial number.
}

type knownRelay struct {
	*trust.Relay
	state relayv1.DeviceState
}

type knownTerminal struct {
	*trust.Terminal
	state      relayv1.DeviceState
	currencies []uint32
}

type knownReader struct {
	*trust.Reader
	state      relayv1.DeviceState
	merchantID string
}

func newRegistry(roots *trust.Roots, now func() time.Time) *registry {
	return &registry{
		roots: roots, now: now, relays: map[string]knownRelay{},
		terminals: map[string]knownTerminal{}, readers: map[string]knownReader{},
	}
}

// RegisterRelays implements ProcessorRegistryService.
func (r *registry) RegisterRelays(
	ctx context.Context, request *processorv1.RegisterRelaysRequest,
) (*processorv1.RegisterRelaysResponse, error) {
	added := map[string]knownRelay{}
	for _, one := range request.Relays {
		relay, err := r.roots.VerifyRelay(one.Certificate, r.now())
		if err != nil {
			return nil, refused(err)
		}
		added[relay.RelayId] = knownRelay{Relay: relay, state: one.State}
	}
	n, err := register(ctx, r, r.relays, added, relaysMax)
	return &processorv1.RegisterRelaysResponse{Registered: n}, err
}

// RegisterTerminals implements ProcessorRegistryService.
func (r *registry) RegisterTerminals(
	ctx context.Context, request *processorv1.RegisterTerminalsRequest,
) (*processorv1.RegisterTerminalsResponse, error) {
	added := map[string]knownTerminal{}
	for _, one := range request.Terminals {
		terminal, err := r.roots.VerifyTerminal(one.Certificate, r.now())
		if err != nil {
			return nil, refused(err)
		}
		added[terminal.TerminalId] = knownTerminal{
			Terminal: terminal, state: one.State, currencies: one.Currencies,
		}
	}
	n, err := register(ctx, r, r.terminals, added, devicesMax)
	return &processorv1.RegisterTerminalsResponse{Registered: n}, err
}

// RegisterReaders implements ProcessorRegistryService.
func (r *registry) RegisterReaders(
	ctx context.Context, request *processorv1.RegisterReadersRequest,
) (*processorv1.RegisterReadersResponse, error) {
	added := map[string]knownReader{}
	for _, one := range request.Readers {
		reader, err := r.roots.VerifyReader(one.Certificate, r.now())
		if err != nil || !payment.IsMerchantID(one.MerchantId) {
			return nil, refused(trust.ErrCertificate)
		}
		added[reader.Serial] = knownReader{Reader: reader, state: one.State, merchantID: one.MerchantId}
	}
	n, err := register(ctx, r, r.readers, added, devicesMax)
	return &processorv1.RegisterReadersResponse{Registered: n}, err
}

func register[Known any](
	ctx context.Context, r *registry, known, added map[string]Known, most int,
) (uint32, error) {
	if !mesh.HasRole(ctx, mesh.Operator) {
		return 0, status.Error(codes.PermissionDenied, "operators only")
	}
	if len(added) < 1 || len(added) > most {
		return 0, status.Errorf(codes.InvalidArgument, "1 to %d entries, got %d", most, len(added))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, one := range added {
		known[id] = one
	}
	return uint32(len(added)), nil
}

// relayByKey finds the relay whose hop key has this id.
func (r *registry) relayByKey(keyID []byte) (knownRelay, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, relay := range r.relays {
		if bytes.Equal(strictsig.KeyID(relay.HopKey), keyID) {
			isServed := relay.state == active && r.now().UnixMilli() <= relay.NotAfterMs
			return relay, isServed
		}
	}
	return knownRelay{}, false
}

// readerOf finds the reader that must have signed a payment.
func (r *registry) readerOf(p *payment.ReaderPayment) (knownReader, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reader, ok := r.readers[p.Context.ReaderSerial]
	switch {
	case !ok:
		return reader, payment.Refuse(payment.ReaderUnknown, "the reader is not registered here")
	case !bytes.Equal(reader.ID, p.Context.ReaderCertificateId),
		r.now().UnixMilli() > reader.NotAfterMs:
		return reader, payment.Refuse(payment.CertificateRejected, "reader certificate rejected")
	}
	return reader, nil
}

// checkDevices checks that both devices may take this payment.
func (r *registry) checkDevices(p *payment.ReaderPayment, reader knownReader) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	terminal, ok := r.terminals[p.Context.TerminalId]
	switch {
	case reader.state != active:
		return payment.Refuse(payment.ReaderNotActive, "the reader is not active")
	case reader.merchantID != p.Context.MerchantId:
		return payment.Refuse(payment.NotPermitted, "the reader is of another merchant")
	case !ok:
		return payment.Refuse(payment.TerminalUnknown, "the terminal is not registered here")
	case !bytes.Equal(terminal.ID, p.Context.TerminalCertificateId),
		r.now().UnixMilli() > terminal.NotAfterMs:
		return payment.Refuse(payment.CertificateRejected, "terminal certificate rejected")
	case terminal.state != active:
		return payment.Refuse(payment.TerminalNotActive, "the terminal is not active")
	case terminal.MerchantId != p.Context.MerchantId:
		return payment.Refuse(payment.NotPermitted, "the terminal is of another merchant")
	}
	for _, currency := range terminal.currencies {
		if currency == p.Context.Currency {
			return nil
		}
	}
	return payment.Refuse(payment.CurrencyNotAccepted, "the merchant may not use this currency")
}

func refused(err error) error { return status.Error(codes.Unauthenticated, err.Error()) }

// keyring are the processor's private keys by their ids, and the manifest that publishes them.
type keyring struct {
	Keys
	manifest *trust.Manifest
}

// listed reports whether the manifest names a key for a purpose.
func (k *keyring) listed(purpose keysv1.KeyPurpose, id []byte) bool {
	return k.manifest.FindKey(purpose, id) != nil
}
