// Package testcards has the published test cards that a simulated reader takes. Numbers and
// outcomes are those of Stripe Terminal's simulated cards; no real card is ever read.
package testcards

import (
	"fmt"
	"strings"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
)

// Card is a test card.
type Card struct {
	Name, Number string
	// Expiration is YYMM.
	Expiration string
	// Verification is what chip and issuer ask for.
	Verification paymentv1.Verification
	// EntryMode is how it is presented when nothing else is said.
	EntryMode paymentv1.EntryMode
	// PINOnTap asks for an online PIN also when tapped, whatever the amount.
	PINOnTap bool
}

const (
	onlinePIN   = paymentv1.Verification_VERIFICATION_ONLINE_PIN
	offlinePIN  = paymentv1.Verification_VERIFICATION_OFFLINE_PIN
	chip        = paymentv1.EntryMode_ENTRY_MODE_CHIP
	contactless = paymentv1.EntryMode_ENTRY_MODE_CONTACTLESS
)

var cards = []Card{
	{"visa", "4242424242424242", "3412", onlinePIN, chip, false},
	{"visa_debit", "4000056655665556", "3412", onlinePIN, chip, false},
	{"mastercard", "5555555555554444", "3412", onlinePIN, chip, false},
	{"amex", "378282246310005", "3412", onlinePIN, chip, false},
	{"discover", "6011111111111117", "3412", onlinePIN, chip, false},
	{"diners_14digits", "36227206271667", "3412", onlinePIN, chip, false},
	{"jcb", "3566002020360505", "3412", onlinePIN, chip, false},
	{"unionpay", "6200000000000005", "3412", onlinePIN, chip, false},
	{"charge_declined", "4000000000000002", "3412", onlinePIN, chip, false},
	{"charge_declined_insufficient_funds", "4000000000009995", "3412", onlinePIN, chip, false},
	{"charge_declined_lost_card", "4000000000009987", "3412", onlinePIN, chip, false},
	{"charge_declined_stolen_card", "4000000000009979", "3412", onlinePIN, chip, false},
	{"charge_declined_expired_card", "4000000000000069", "2001", onlinePIN, chip, false},
	{"charge_declined_processing_error", "4000000000000119", "3412", onlinePIN, chip, false},
	{"refund_fail", "4000000000005126", "3412", onlinePIN, chip, false},
	{"online_pin_cvm", "4001000360000005", "3412", onlinePIN, contactless, true},
	{"online_pin_sca_retry", "4000002760000008", "3412", onlinePIN, contactless, false},
	{"offline_pin_cvm", "4001007020000002", "3412", offlinePIN, chip, false},
}

// PIN of every test card.
const PIN = "1234"

// Find looks a card up by name or number.
func Find(nameOrNumber string) (Card, error) {
	for _, card := range cards {
		if card.Name == nameOrNumber || card.Number == nameOrNumber {
			return card, nil
		}
	}
	names := make([]string, len(cards))
	for i, card := range cards {
		names[i] = card.Name
	}
	return Card{}, fmt.Errorf("the card must be one of %s", strings.Join(names, ", "))
}

// Masked shows the first six and last four digits, the most that may be shown.
func (c Card) Masked() string {
	n := len(c.Number)
	return c.Number[:6] + strings.Repeat("*", n-10) + c.Number[n-4:]
}

// schemes by the beginning of the number (ISO/IEC 7812), narrowest first.
var schemes = []struct{ prefix, name string }{
	{"34", "AMEX"}, {"37", "AMEX"}, {"36", "DINERS"}, {"35", "JCB"}, {"6011", "DISCOVER"},
	{"62", "UNIONPAY"}, {"5", "MASTERCARD"}, {"4", "VISA"},
}

// Scheme gives the name of a card number's scheme for people: "VISA".
func Scheme(number string) string {
	for _, scheme := range schemes {
		if strings.HasPrefix(number, scheme.prefix) {
			return scheme.name
		}
	}
	return "CARD"
}
