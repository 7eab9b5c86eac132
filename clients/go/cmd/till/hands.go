package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	"github.com/cardlane/cardlane/clients/go/mesh"
)

// hands act as the flags say, and ask the person at the keyboard for what they do not say.
type hands struct {
	card, mode    string
	pin           string
	isPINOnReader bool
	isConfirmed   bool
}

// PresentCard holds a test card to a simulated reader; without -card somebody else does.
func (h *hands) PresentCard(ctx context.Context) error {
	if h.card == "" {
		return nil
	}
	request := &readerv1.PresentCardRequest{Card: h.card}
	if h.mode != "" {
		mode, ok := paymentv1.EntryMode_value["ENTRY_MODE_"+strings.ToUpper(h.mode)]
		if !ok {
			return fmt.Errorf("no mode %q", h.mode)
		}
		request.EntryMode = paymentv1.EntryMode(mode)
	}
	return h.control(ctx, func(ctx context.Context, reader readerv1.ReaderControlServiceClient) error {
		_, err := reader.PresentCard(ctx, request)
		return err
	})
}

// TypePIN types the PIN on the keys of a simulated reader.
func (h *hands) TypePIN(ctx context.Context) error {
	if h.card == "" || h.pin == "" {
		return nil
	}
	return h.control(ctx, func(ctx context.Context, reader readerv1.ReaderControlServiceClient) error {
		_, err := reader.TypePin(ctx, &readerv1.TypePinRequest{Pin: h.pin})
		return err
	})
}

// control calls the service that a simulated reader has instead of hands.
func (h *hands) control(
	ctx context.Context, call func(context.Context, readerv1.ReaderControlServiceClient) error,
) error {
	connection, err := mesh.DialReader(address("CARDLANE_READER", "127.0.0.1:7401"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	client := readerv1.NewReaderControlServiceClient(connection)
	return errors.Join(call(ctx, client), connection.Close())
}

func (h *hands) Confirm(*readerv1.CardRead) (bool, error) {
	if h.isConfirmed || !isInteractive() {
		return true, nil
	}
	fmt.Print("Go on? [Y/n] ")
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	return !strings.HasPrefix(strings.ToLower(answer), "n"), err
}

func (h *hands) PIN() (string, error) {
	if h.isPINOnReader {
		return "", nil
	}
	if h.pin != "" {
		return h.pin, nil
	}
	if !isInteractive() {
		return "", errors.New("this card asks for a PIN: give -pin or -pin-on-reader")
	}
	fmt.Print("PIN ")
	digits, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Println()
	return string(digits), err
}

func isInteractive() bool { return term.IsTerminal(int(os.Stdin.Fd())) }
