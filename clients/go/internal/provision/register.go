package provision

import (
	"context"
	"errors"
	"time"

	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	processorv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/processor/v1"
	relayv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/relay/v1"
	"github.com/cardlane/cardlane/clients/go/mesh"
	"github.com/cardlane/cardlane/clients/go/trust"
)

const (
	callTime = 10 * time.Second
	active   = relayv1.DeviceState_DEVICE_STATE_ACTIVE
)

// currencies that terminals may use: EUR, USD, GBP, CHF, SEK, PLN, JPY, KWD.
var currencies = []uint32{978, 840, 826, 756, 752, 985, 392, 414}

// register makes the new devices known to processor and relay. Doing it again changes nothing.
func (c *Counter) register(merchantID string) error {
	reader, err := c.own("reader").Certificate()
	if err != nil {
		return err
	}
	terminal, err := c.own("terminal").Certificate()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	return errors.Join(
		c.atProcessor(ctx, merchantID, reader, terminal), c.atRelay(ctx, merchantID, reader, terminal))
}

// Introduce makes the mesh's own relay, terminal and reader known to a processor.
func (c *Counter) Introduce() error {
	shop, err := c.existingTerminal()
	if err != nil {
		return err
	}
	var certificates [3]*keysv1.SignedEnvelope
	for i, program := range []string{"relay", "reader", "terminal"} {
		if certificates[i], err = c.keys(program).Certificate(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	err = c.withProcessor(func(processor processorv1.ProcessorRegistryServiceClient) error {
		relays := []*processorv1.RelayRegistration{{Certificate: certificates[0], State: active}}
		_, err := processor.RegisterRelays(ctx, &processorv1.RegisterRelaysRequest{Relays: relays})
		return err
	})
	if err != nil {
		return err
	}
	return c.atProcessor(ctx, shop.MerchantId, certificates[1], certificates[2])
}

func (c *Counter) atProcessor(
	ctx context.Context, merchantID string, reader, terminal *keysv1.SignedEnvelope,
) error {
	return c.withProcessor(func(processor processorv1.ProcessorRegistryServiceClient) error {
		_, err := processor.RegisterTerminals(ctx, &processorv1.RegisterTerminalsRequest{
			Terminals: []*processorv1.TerminalRegistration{{
				Certificate: terminal, State: active, Currencies: currencies,
				SimulateByAmount: c.IsSimulating,
			}},
		})
		if err != nil {
			return err
		}
		_, err = processor.RegisterReaders(ctx, &processorv1.RegisterReadersRequest{
			Readers: readers(reader, merchantID),
		})
		return err
	})
}

func (c *Counter) atRelay(
	ctx context.Context, merchantID string, reader, terminal *keysv1.SignedEnvelope,
) error {
	connection, err := mesh.IdentityFromEnvironment().Dial(c.Relay, mesh.Relay)
	if err != nil {
		return err
	}
	defer connection.Close()
	relay := relayv1.NewRelayRegistryServiceClient(connection)
	_, err = relay.RegisterTerminals(ctx, &relayv1.RegisterTerminalsRequest{
		Terminals: []*relayv1.TerminalRegistration{
			{Certificate: terminal, State: active, Currencies: currencies},
		},
	})
	if err != nil {
		return err
	}
	_, err = relay.RegisterReaders(ctx, &relayv1.RegisterReadersRequest{
		Readers: readers(reader, merchantID),
	})
	return err
}

func (c *Counter) withProcessor(
	call func(processorv1.ProcessorRegistryServiceClient) error,
) error {
	connection, err := mesh.IdentityFromEnvironment().Dial(c.Processor, mesh.Processor)
	if err != nil {
		return err
	}
	defer connection.Close()
	return call(processorv1.NewProcessorRegistryServiceClient(connection))
}

func readers(certificate *keysv1.SignedEnvelope, merchantID string) []*relayv1.ReaderRegistration {
	return []*relayv1.ReaderRegistration{
		{Certificate: certificate, MerchantId: merchantID, State: active},
	}
}

// keys is the key folder of a program of the mesh.
func (c *Counter) keys(program string) trust.KeyFolder { return keyFolder(c.Mesh, program) }

// own is the key folder of one of the new programs.
func (c *Counter) own(program string) trust.KeyFolder { return keyFolder(c.Out, program) }
