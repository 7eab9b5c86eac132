package payment

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// AmountMax is the largest amount in minor units (DE 4, n 12).
const AmountMax = 999_999_999_999

// Currency is an ISO 4217 currency.
type Currency struct {
	Letters string
	Numeric uint32
	// Digits after the decimal point.
	Digits int
}

// currencies of the development merchant; another till would take a package with all of ISO 4217.
var currencies = []Currency{
	{"EUR", 978, 2}, {"USD", 840, 2}, {"GBP", 826, 2}, {"CHF", 756, 2},
	{"SEK", 752, 2}, {"PLN", 985, 2}, {"JPY", 392, 0}, {"KWD", 414, 3},
}

// CurrencyByLetters finds "EUR".
func CurrencyByLetters(letters string) (Currency, error) {
	for _, c := range currencies {
		if c.Letters == strings.ToUpper(letters) {
			return c, nil
		}
	}
	return Currency{}, fmt.Errorf("currency %.8q is not one of those this client knows", letters)
}

// CurrencyByNumber finds 978. An unknown number is shown as it is, without decimals.
func CurrencyByNumber(numeric uint32) Currency {
	for _, c := range currencies {
		if c.Numeric == numeric {
			return c
		}
	}
	return Currency{Letters: fmt.Sprintf("(currency %03d)", numeric), Numeric: numeric}
}

var amountShape = regexp.MustCompile(`^(\d{1,12})(?:[.,](\d{1,3}))?$`)

// ParseAmount reads what a person types: "12.50", "12" or "12,50" in EUR.
func (c Currency) ParseAmount(text string) (minor uint64, err error) {
	match := amountShape.FindStringSubmatch(text)
	if match == nil || len(match[2]) > c.Digits {
		return 0, fmt.Errorf("amount must be a number with up to %d decimals, without a sign, got %.16q", c.Digits, text)
	}
	digits := match[1] + match[2] + strings.Repeat("0", c.Digits-len(match[2]))
	minor, err = strconv.ParseUint(digits, 10, 64)
	if err != nil || minor > AmountMax {
		return 0, fmt.Errorf("amount must be at most %d minor units, got %.16q", AmountMax, text)
	}
	return minor, nil
}

// Format gives "12.50 EUR".
func (c Currency) Format(minor uint64) string {
	digits := fmt.Sprintf("%0*d", c.Digits+1, minor)
	if c.Digits > 0 {
		point := len(digits) - c.Digits
		digits = digits[:point] + "." + digits[point:]
	}
	return digits + " " + c.Letters
}
