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
	terminals map[string]knownTerminal // By terminalName.
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
	var added []device[knownRelay]
	for _, one := range request.Relays {
		relay, err := r.roots.VerifyRelay(one.Certificate, r.now())
		if err != nil {
			return nil, refused(err)
		}
		known := knownRelay{Relay: relay, state: one.State}
		added = append(added, device[knownRelay]{relay.RelayId, known})
	}
	states, err := register(ctx, r, r.relays, added, limits{relaysMax, request.ValidateOnly})
	count := uint32(len(states))
	return &processorv1.RegisterRelaysResponse{Registered: count, States: states}, err
}

// RegisterTerminals implements ProcessorRegistryService.
func (r *registry) RegisterTerminals(
	ctx context.Context, request *processorv1.RegisterTerminalsRequest,
) (*processorv1.RegisterTerminalsResponse, error) {
	var added []device[knownTerminal]
	for _, one := range request.Terminals {
		terminal, err := r.roots.VerifyTerminal(one.Certificate, r.now())
		if err != nil {
			return nil, refused(err)
		}
		known := knownTerminal{Terminal: terminal, state: one.State, currencies: one.Currencies}
		name := terminalName(terminal.MerchantId, terminal.TerminalId)
		added = append(added, device[knownTerminal]{name, known})
	}
	states, err := register(ctx, r, r.terminals, added, limits{devicesMax, request.ValidateOnly})
	count := uint32(len(states))
	return &processorv1.RegisterTerminalsResponse{Registered: count, States: states}, err
}

// RegisterReaders implements ProcessorRegistryService.
func (r *registry) RegisterReaders(
	ctx context.Context, request *processorv1.RegisterReadersRequest,
) (*processorv1.RegisterReadersResponse, error) {
	var added []device[knownReader]
	for _, one := range request.Readers {
		reader, err := r.roots.VerifyReader(one.Certificate, r.now())
		if err != nil || !payment.IsMerchantID(one.MerchantId) {
			return nil, refused(trust.ErrCertificate)
		}
		known := knownReader{Reader: reader, state: one.State, merchantID: one.MerchantId}
		added = append(added, device[knownReader]{reader.Serial, known})
	}
	states, err := register(ctx, r, r.readers, added, limits{devicesMax, request.ValidateOnly})
	count := uint32(len(states))
	return &processorv1.RegisterReadersResponse{Registered: count, States: states}, err
}

// SetRelayState implements ProcessorRegistryService.
func (r *registry) SetRelayState(
	ctx context.Context, request *processorv1.SetRelayStateRequest,
) (*processorv1.SetRelayStateResponse, error) {
	err := setState(ctx, r, r.relays, request.RelayId, request.State)
	return &processorv1.SetRelayStateResponse{}, err
}

// SetTerminalState implements ProcessorRegistryService.
func (r *registry) SetTerminalState(
	ctx context.Context, request *processorv1.SetTerminalStateRequest,
) (*processorv1.SetTerminalStateResponse, error) {
	name := terminalName(request.MerchantId, request.TerminalId)
	err := setState(ctx, r, r.terminals, name, request.State)
	return &processorv1.SetTerminalStateResponse{}, err
}

// SetReaderState implements ProcessorRegistryService.
func (r *registry) SetReaderState(
	ctx context.Context, request *processorv1.SetReaderStateRequest,
) (*processorv1.SetReaderStateResponse, error) {
	err := setState(ctx, r, r.readers, request.Serial, request.State)
	return &processorv1.SetReaderStateResponse{}, err
}

// terminalName is the key of a terminal: each merchant numbers its own.
func terminalName(merchantID, terminalID string) string { return merchantID + "/" + terminalID }

// stateful is a relay, terminal or reader, whose state stands in it.
type stateful[Known any] interface {
	*Known
	stateOf() *relayv1.DeviceState
}

func (k *knownRelay) stateOf() *relayv1.DeviceState    { return &k.state }
func (k *knownTerminal) stateOf() *relayv1.DeviceState { return &k.state }
func (k *knownReader) stateOf() *relayv1.DeviceState   { return &k.state }

// device is what a registration adds, under its name.
type device[Known any] struct {
	name  string
	known Known
}

// limits of one registration.
type limits struct {
	most         int
	validateOnly bool
}

// register adds or replaces all devices, or none. A state that is not given stays as it is, and is
// ACTIVE for a device that is new. It returns the states in the order of the devices.
func register[Known any, P stateful[Known]](
	ctx context.Context, r *registry, known map[string]Known, added []device[Known], limits limits,
) ([]relayv1.DeviceState, error) {
	if !mesh.HasRole(ctx, mesh.Operator) {
		return nil, status.Error(codes.PermissionDenied, "operators only")
	}
	if len(added) < 1 || len(added) > limits.most {
		return nil, status.Errorf(
			codes.InvalidArgument, "1 to %d entries, got %d", limits.most, len(added),
		)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	states := make([]relayv1.DeviceState, len(added))
	for i := range added {
		state, err := nextState[Known, P](known, added[i].name, *P(&added[i].known).stateOf())
		if err != nil {
			return nil, err
		}
		*P(&added[i].known).stateOf(), states[i] = state, state
	}
	if !limits.validateOnly {
		for _, one := range added {
			known[one.name] = one.known
		}
	}
	return states, nil
}

// setState gives a device that is registered another state.
func setState[Known any, P stateful[Known]](
	ctx context.Context, r *registry, known map[string]Known, name string, asked relayv1.DeviceState,
) error {
	if !mesh.HasRole(ctx, mesh.Operator) {
		return status.Error(codes.PermissionDenied, "operators only")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one, ok := known[name]
	if !ok || asked == relayv1.DeviceState_DEVICE_STATE_UNSPECIFIED {
		return status.Errorf(codes.InvalidArgument, "%q is not registered, or no state was given", name)
	}
	state, err := nextState[Known, P](known, name, asked)
	if err != nil {
		return err
	}
	*P(&one).stateOf() = state
	known[name] = one
	return nil
}

// nextState is what comes of the state that is asked for. Retired is for ever.
func nextState[Known any, P stateful[Known]](
	known map[string]Known, name string, asked relayv1.DeviceState,
) (relayv1.DeviceState, error) {
	const retired = relayv1.DeviceState_DEVICE_STATE_RETIRED
	before, isKnown := known[name]
	is := active
	if isKnown {
		is = *P(&before).stateOf()
	}
	if asked == relayv1.DeviceState_DEVICE_STATE_UNSPECIFIED {
		return is, nil
	}
	if isKnown && is == retired && asked != retired {
		return is, status.Errorf(codes.FailedPrecondition, "%s is retired, for ever", name)
	}
	return asked, nil
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
	terminal, ok := r.terminals[terminalName(p.Context.MerchantId, p.Context.TerminalId)]
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
