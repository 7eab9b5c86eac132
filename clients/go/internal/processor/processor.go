package processor

import (
	"context"
	"time"

	"google.golang.org/grpc"

	processorv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/processor/v1"
	"github.com/cardlane/cardlane/clients/go/trust"
)

// Options are what a processor needs.
type Options struct {
	Roots    *trust.Roots
	Keys     Keys
	Instance string
	// PINs asks the PIN service; nil: payments with an online PIN are declined with 91.
	PINs *PINs
	Now  func() time.Time
}

// Processor serves cardlane.processor.v1.
type Processor struct {
	processorv1.UnimplementedProcessorServiceServer
	registry *registry
	keys     *keyring
	desk     *desk
	pins     *PINs
	instance string
	stopping chan struct{}
}

// New makes a processor that knows nobody yet.
func New(options Options) (*Processor, error) {
	keys, err := newKeyring(options.Roots, options.Keys, options.Now())
	if err != nil {
		return nil, err
	}
	registry := newRegistry(options.Roots, options.Now)
	return &Processor{
		registry: registry, keys: keys, pins: options.PINs, instance: options.Instance,
		desk: newDesk(registry, keys, options.Now), stopping: make(chan struct{}),
	}, nil
}

// Register adds the processor's services to a server.
func (p *Processor) Register(server *grpc.Server) {
	processorv1.RegisterProcessorServiceServer(server, p)
	processorv1.RegisterProcessorRegistryServiceServer(server, p.registry)
}

// Stop asks the relays to go.
func (p *Processor) Stop() { close(p.stopping) }

// GetManifest implements ProcessorService.
func (p *Processor) GetManifest(
	_ context.Context, request *processorv1.GetManifestRequest,
) (*processorv1.GetManifestResponse, error) {
	response := &processorv1.GetManifestResponse{}
	if request.HaveNumber != p.keys.manifest.Number {
		response.Manifest = p.keys.manifest.Delegated
	}
	return response, nil
}
