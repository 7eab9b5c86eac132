package payment_test

import (
	"testing"

	"github.com/cardlane/cardlane/clients/go/payment"
)

func TestAmounts(t *testing.T) {
	tests := []struct {
		currency, text string
		want           uint64
		shown          string
	}{
		{"EUR", "12.50", 1250, "12.50 EUR"},
		{"eur", "12,5", 1250, "12.50 EUR"},
		{"EUR", "0.05", 5, "0.05 EUR"},
		{"JPY", "500", 500, "500 JPY"},
		{"KWD", "1.005", 1005, "1.005 KWD"},
	}
	for _, test := range tests {
		currency, err := payment.CurrencyByLetters(test.currency)
		if err != nil {
			t.Fatal(err)
		}
		got, err := currency.ParseAmount(test.text)
		if err != nil || got != test.want || currency.Format(got) != test.shown {
			t.Errorf("%s %s = %d (%s), %v", test.text, test.currency, got, currency.Format(got), err)
		}
	}
}

func TestAmountsThatAreRefused(t *testing.T) {
	tests := []struct{ currency, text string }{
		{"EUR", ""}, {"EUR", "12.505"}, {"EUR", "-1"}, {"EUR", "1e3"}, {"EUR", "1."},
		{"JPY", "5.0"}, {"EUR", "99999999999.99"}, {"EUR", "1 000"},
	}
	for _, test := range tests {
		currency, err := payment.CurrencyByLetters(test.currency)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := currency.ParseAmount(test.text); err == nil {
			t.Errorf("%q %s = %d", test.text, test.currency, got)
		}
	}
	if _, err := payment.CurrencyByLetters("XYZ"); err == nil {
		t.Error("XYZ is a currency")
	}
}
