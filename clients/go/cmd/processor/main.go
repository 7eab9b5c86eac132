// Processor is a small processor that takes the place of this repository's own one. It keeps
// everything in memory and decides by amount: 10.51 is declined with 51, 10.69 gets no answer.
//
//	CARDLANE_LISTEN       where relays reach it; 127.0.0.1:7414 by default
//	CARDLANE_KEYS_DIR     its keys, such as .cardlane/keys/processor
//	CARDLANE_PIN_SERVICE  address of the PIN service; without it online PINs are declined with 91
//	CARDLANE_INSTANCE     its name in the mesh; GO1 by default
//	CARDLANE_TLS_DIR      its certificate for mutual TLS; empty on loopback
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	pinv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/pin/v1"
	"github.com/cardlane/cardlane/clients/go/internal/processor"
	"github.com/cardlane/cardlane/clients/go/mesh"
	"github.com/cardlane/cardlane/clients/go/trust"
)

// frameMax: a hop box is at most 1 MiB, and the frame around it a little more.
const frameMax = 1<<20 + 1<<10

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	flag.Parse()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "processor:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	folder := trust.KeyFolder(os.Getenv("CARDLANE_KEYS_DIR"))
	if folder == "" {
		return errors.New("set CARDLANE_KEYS_DIR")
	}
	identity := mesh.IdentityFromEnvironment()
	options := processor.Options{Instance: setting("CARDLANE_INSTANCE", "GO1"), Now: time.Now}
	var errs [3]error
	options.Roots, errs[0] = folder.Roots()
	options.Keys, errs[1] = processor.ReadKeys(folder)
	options.PINs, errs[2] = dialPINs(identity, folder, options.Instance)
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	served, err := processor.New(options)
	if err != nil {
		return err
	}
	address := setting("CARDLANE_LISTEN", "127.0.0.1:7414")
	transport, err := identity.Server(address, mesh.Relay, mesh.Operator)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.Creds(transport), grpc.MaxRecvMsgSize(frameMax))
	served.Register(server)
	states := health.NewServer()
	for name := range server.GetServiceInfo() {
		states.SetServingStatus(name, healthv1.HealthCheckResponse_SERVING)
	}
	healthv1.RegisterHealthServer(server, states)
	reflection.Register(server)
	go func() {
		<-ctx.Done()
		served.Stop()
		server.GracefulStop()
	}()
	slog.Info("processor ready", "address", listener.Addr().String(), "pins", options.PINs != nil)
	return server.Serve(listener)
}

// dialPINs gives nil without a PIN service.
func dialPINs(
	identity mesh.Identity, folder trust.KeyFolder, instance string,
) (*processor.PINs, error) {
	address := os.Getenv("CARDLANE_PIN_SERVICE")
	if address == "" {
		return nil, nil
	}
	own, err := folder.Agreement("pin-hop")
	if err != nil {
		return nil, err
	}
	theirs, err := folder.PublicKey("pin-service-hop")
	if err != nil {
		return nil, err
	}
	connection, err := identity.Dial(address, mesh.PINService)
	if err != nil {
		return nil, err
	}
	return processor.NewPINs(pinv1.NewPinServiceClient(connection), own, theirs, instance)
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
