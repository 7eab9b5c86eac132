// Package salt is Salt Channel v2 (salt-channel-v2-final2): X25519, XSalsa20-Poly1305 and Ed25519.
// In cardlane the reader is the Salt client: it shows itself, in M4, only to a terminal that it has
// verified.
//
// A session that used to work and then rejects a packet is over: say nothing and close the stream.
package salt

import (
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/crypto/nacl/secretbox"

	"github.com/cardlane/cardlane/clients/go/strictsig"
)

// DelayMax is how much later than its time field says a packet may arrive.
const DelayMax = 10 * time.Second

// SessionMax is how long a session lives.
const SessionMax = 24 * time.Hour

// RejectedError is returned for whatever is wrong. Reason is for the security log alone.
type RejectedError struct{ Reason string }

func (e *RejectedError) Error() string { return "salt channel rejected" }

func rejected(reason string) error { return &RejectedError{Reason: reason} }

// Channel is an established session: data in, packets out, and back. It is not safe for
// concurrent use; packets are sent in the order in which they were sealed.
type Channel struct {
	// Peer is the key that the other side has proved to hold, and nothing more: check it against a
	// certificate before anything is believed.
	Peer   strictsig.PublicKey
	cipher *cipher
	times  times
}

// Seal gives one packet for data.
func (c *Channel) Seal(data []byte, now time.Time) ([]byte, error) {
	stamp, err := c.times.stamp(now)
	if err != nil {
		return nil, err
	}
	return c.cipher.seal(appPacket(stamp, data))
}

// Open gives the data in the peer's next packet.
func (c *Channel) Open(packet []byte, now time.Time) ([]byte, error) {
	plain, err := c.cipher.open(packet)
	if err != nil {
		return nil, err
	}
	timeMs, err := parseHead(typeApp, plain)
	if err == nil {
		err = c.times.check(timeMs, now)
	}
	if err != nil {
		c.cipher.close()
		return nil, err
	}
	return plain[headSize+timeSize:], nil
}

// Close wipes the key. Nothing opens afterwards.
func (c *Channel) Close() { c.cipher.close() }

// counterMax: two thousand million packets; long before, the session is too old.
const counterMax = 1<<32 - 1

// cipher encrypts with the packet's number as nonce, which is not sent: a packet that is lost,
// repeated or out of order does not open. The client sends 1, 3, 5 …, the server 2, 4, 6 ….
type cipher struct {
	key           *[keySize]byte
	send, receive uint64
	isClosed      bool
}

func (c *cipher) seal(plain []byte) ([]byte, error) {
	if c.isClosed || c.send > counterMax {
		return nil, rejected("closed")
	}
	nonce := nonceOf(c.send)
	c.send += 2
	return secretbox.Seal([]byte{typeEncrypted, 0}, plain, &nonce, c.key), nil
}

func (c *cipher) open(packet []byte) ([]byte, error) {
	if c.isClosed || c.receive > counterMax {
		return nil, rejected("closed")
	}
	// The flags are outside the encryption, so anybody can set "last packet": it proves nothing.
	if len(packet) < headSize || packet[0] != typeEncrypted || packet[1] != 0 {
		c.close()
		return nil, rejected("packet")
	}
	nonce := nonceOf(c.receive)
	plain, ok := secretbox.Open(nil, packet[headSize:], &nonce, c.key)
	if !ok {
		c.close()
		return nil, rejected("box")
	}
	c.receive += 2
	return plain, nil
}

func (c *cipher) close() {
	c.isClosed = true
	clear(c.key[:])
}

func nonceOf(counter uint64) [24]byte {
	var nonce [24]byte
	binary.LittleEndian.PutUint64(nonce[:], counter)
	return nonce
}

// times finds packets that somebody held back: each side counts milliseconds from its own first
// packet, the other from that packet's arrival. Pass times with a monotonic reading.
type times struct {
	isOff     bool
	ownEpoch  time.Time
	peerEpoch time.Time
}

func (t times) stamp(now time.Time) (uint32, error) {
	if t.isOff {
		return 0, nil
	}
	since := now.Sub(t.ownEpoch)
	if since < 0 || since > SessionMax {
		return 0, rejected("time")
	}
	return uint32(since.Milliseconds()), nil
}

func (t times) check(timeMs uint32, now time.Time) error {
	if t.isOff {
		return nil
	}
	expected := now.Sub(t.peerEpoch)
	late := expected - time.Duration(timeMs)*time.Millisecond
	if late.Abs() > DelayMax || expected > SessionMax+DelayMax {
		return rejected(fmt.Sprintf("time: %v late", late.Round(time.Second)))
	}
	return nil
}

// checkAnswer: a peer that answers the own first packet late may have got it late.
func (t times) checkAnswer(now time.Time) error {
	if !t.isOff && now.Sub(t.ownEpoch) > DelayMax {
		return rejected("time: late answer")
	}
	return nil
}
