// Package canonical reads and writes messages that are signed or hashed as bytes. Only one
// serialisation of such a message is accepted: fields in ascending order, each at most once, none
// unknown, none that holds its default, no padded numbers. Parsers read anything else differently.
package canonical

import (
	"bytes"
	"errors"

	"google.golang.org/protobuf/proto"
)

// ErrNotCanonical is returned for bytes that are not the one serialisation of their message.
var ErrNotCanonical = errors.New("not one message in canonical serialisation")

// recursionMax: no signed message nests deeper.
const recursionMax = 8

// Marshal serialises message the one accepted way.
func Marshal(message proto.Message) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(message)
}

// Unmarshal reads into message, which must be empty.
func Unmarshal(data []byte, message proto.Message) error {
	options := proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: recursionMax}
	if err := options.Unmarshal(data, message); err != nil {
		return ErrNotCanonical
	}
	again, err := Marshal(message)
	if err != nil || !bytes.Equal(again, data) {
		return ErrNotCanonical
	}
	return nil
}
