package payment

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// IDSize is the length of a payment id in bytes.
const IDSize = 16

// ID is a payment id: UUID version 7.
type ID [IDSize]byte

// IDFromBytes takes the 16 bytes of the streams.
func IDFromBytes(raw []byte) (ID, error) {
	if len(raw) != IDSize {
		return ID{}, Refuse(MalformedRequest,
			fmt.Sprintf("payment_id must be %d bytes, got %d", IDSize, len(raw)))
	}
	return ID(raw), nil
}

// String is the text form of the unary calls.
func (id ID) String() string {
	h := hex.EncodeToString(id[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

var (
	serialShape   = regexp.MustCompile(`^[A-Z0-9-]{1,20}$`)
	merchantShape = regexp.MustCompile(`^[A-Z0-9]{15}$`)
	terminalShape = regexp.MustCompile(`^[A-Z0-9]{8}$`)
)

// IsSerial reports whether text is 1 to 20 characters of A-Z, 0-9 and hyphen.
func IsSerial(text string) bool { return serialShape.MatchString(text) }

// IsMerchantID reports whether text is 15 characters of A-Z and 0-9 (DE 42).
func IsMerchantID(text string) bool { return merchantShape.MatchString(text) }

// IsTerminalID reports whether text is 8 characters of A-Z and 0-9 (DE 41).
func IsTerminalID(text string) bool { return terminalShape.MatchString(text) }
