package processor

import (
	"fmt"
	"strconv"
	"time"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
)

// Response codes (DE 39).
const (
	approvedCode     = "00"
	expiredCard      = "54"
	wrongPIN         = "55"
	pinTriesExceeded = "75"
	pinRefused       = "88"
	notReached       = "91"
	chipAndPINWanted = "1A"
	reversedInTime   = "68"

	// noAnswer is the suffix of an amount that gets none, as if the answer had been lost.
	noAnswer = "69"
)

// simulated are the codes that an amount can ask for with its last two digits: 10.51 gives 51.
var simulated = map[string]bool{"05": true, "51": true, "61": true, "91": true, noAnswer: true}

// pinOutcome is what the PIN service said; notAsked without an online PIN.
type pinOutcome int

const (
	notAsked pinOutcome = iota
	pinVerified
	pinWrong
	pinTriesUsed
	pinNotForThis
	pinUnavailable
)

var codeOfPIN = map[pinOutcome]string{
	pinWrong: wrongPIN, pinTriesUsed: pinTriesExceeded, pinNotForThis: pinRefused,
	pinUnavailable: notReached,
}

// decisionOf gives a response code. No account is looked at: the amount decides.
func decisionOf(o *opened, pin pinOutcome, now time.Time) string {
	if isExpired(o.card.ExpirationDate, now) {
		return expiredCard
	}
	if code, isDeclined := codeOfPIN[pin]; isDeclined {
		return code
	}
	isOnline := o.Context.Verification == paymentv1.Verification_VERIFICATION_ONLINE_PIN
	if isOnline != (pin == pinVerified) {
		return pinRefused
	}
	suffix := fmt.Sprintf("%02d", o.Context.Amounts.GetTotalMinor()%100)
	if simulated[suffix] {
		return suffix
	}
	return approvedCode
}

// isExpired: a card is good until the last day of its month, YYMM in this century.
func isExpired(expiration string, now time.Time) bool {
	end, err := time.Parse("0601", expiration)
	return err != nil || !now.Before(end.AddDate(0, 1, 0))
}

// suffixOf is the number that asks for a code; no amount asks for a code with letters.
func suffixOf(code string) uint64 {
	suffix, err := strconv.ParseUint(code, 10, 64)
	if err != nil || !simulated[code] {
		return 100
	}
	return suffix
}
