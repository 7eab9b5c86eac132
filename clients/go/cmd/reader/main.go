// Reader is a simulated card reader: it serves cardlane.reader.v1.ReaderService to a terminal and
// presents one test card to every payment.
//
//	CARDLANE_LISTEN    where the terminal reaches it; 127.0.0.1:7411 by default
//	CARDLANE_KEYS_DIR  its keys, as `go run ./cmd/provision` makes them
//	CARDLANE_DATA_DIR  counter, PIN keys and pairing; must survive
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	"github.com/cardlane/cardlane/clients/go/internal/durable"
	"github.com/cardlane/cardlane/clients/go/internal/reader"
	"github.com/cardlane/cardlane/clients/go/internal/testcards"
	"github.com/cardlane/cardlane/clients/go/trust"
)

const frameMax = 16 * 1024

func main() {
	card := flag.String("card", "visa", "name or number of the test card that is presented")
	mode := flag.String("mode", "", "chip, contactless, magstripe or fallback; default: the card's own way")
	pin := flag.String("pin", "", "PIN that is typed on the reader when the terminal asks for that")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *card, *mode, *pin); err != nil {
		fmt.Fprintln(os.Stderr, "reader:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, cardName, modeName, pin string) (err error) {
	options, keys, err := configure(cardName, modeName, pin)
	if err != nil {
		return err
	}
	files, err := durable.Open(setting("CARDLANE_DATA_DIR", ""))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	initialKey := func() ([]byte, error) { return keys.Key("dukpt-initial") }
	device, err := reader.Open(options, files, initialKey)
	if err != nil {
		return err
	}
	// The register on disk holds everything from now on; this key could compute every PIN key.
	if left, err := keys.Keys("dukpt-initial"); err == nil && len(left) > 0 {
		if err := keys.DestroyKey("dukpt-initial"); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", setting("CARDLANE_LISTEN", "127.0.0.1:7411"))
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(frameMax))
	readerv1.RegisterReaderServiceServer(server, device)
	healthv1.RegisterHealthServer(server, health.NewServer())
	reflection.Register(server)
	go func() {
		<-ctx.Done()
		device.Stop()
		server.GracefulStop()
	}()
	slog.Info("reader ready",
		"address", listener.Addr().String(), "serial", device.Serial(), "card", options.Card.Name)
	return server.Serve(listener)
}

func configure(cardName, modeName, pin string) (reader.Options, trust.KeyFolder, error) {
	keys := trust.KeyFolder(setting("CARDLANE_KEYS_DIR", ""))
	options := reader.Options{PIN: pin, Now: time.Now, Random: rand.Reader}
	if keys == "" || setting("CARDLANE_DATA_DIR", "") == "" {
		return options, keys, errors.New("set CARDLANE_KEYS_DIR and CARDLANE_DATA_DIR")
	}
	var errs [5]error
	options.Card, errs[0] = testcards.Find(cardName)
	options.Roots, errs[1] = keys.Roots()
	options.Certificate, errs[2] = keys.Certificate()
	options.Identity, errs[3] = keys.Signer("identity")
	options.Signing, errs[4] = keys.Signer("signing")
	if modeName != "" {
		mode, ok := paymentv1.EntryMode_value["ENTRY_MODE_"+strings.ToUpper(modeName)]
		if !ok {
			return options, keys, fmt.Errorf("no mode %q", modeName)
		}
		options.EntryMode = paymentv1.EntryMode(mode)
	}
	return options, keys, errors.Join(errs[:]...)
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
