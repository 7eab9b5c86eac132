package salt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/binary"
	"slices"
)

// Packet types of Salt Channel v2 ("Message details"). All integers are little-endian. Every field
// has one form here: reserved bits that are set are refused.
const (
	typeM1        = 1
	typeM2        = 2
	typeM3        = 3
	typeM4        = 4
	typeApp       = 5
	typeEncrypted = 6
)

const (
	protocol     = "SCv2"
	keySize      = 32
	headSize     = 2
	timeSize     = 4
	m1Size       = len(protocol) + headSize + timeSize + keySize
	m2Size       = headSize + timeSize + keySize
	identitySize = headSize + timeSize + keySize + ed25519.SignatureSize
	// hasServerKey in the flags of M1 says that the key of the wanted server follows.
	hasServerKey = 0x01
	timeMax      = 1<<31 - 1
)

type hello struct {
	timeSupported bool
	ephemeral     []byte
}

func (h hello) support() []byte {
	if h.timeSupported {
		return []byte{1, 0, 0, 0}
	}
	return []byte{0, 0, 0, 0}
}

func (h hello) m1() []byte {
	return slices.Concat([]byte(protocol), []byte{typeM1, 0}, h.support(), h.ephemeral)
}

func (h hello) m2() []byte {
	return slices.Concat([]byte{typeM2, 0}, h.support(), h.ephemeral)
}

// parseM1 also gives the key of the server that the client asks for; empty when it does not.
func parseM1(packet []byte) (hello, []byte, error) {
	if len(packet) < m1Size || !bytes.HasPrefix(packet, []byte(protocol)) || packet[4] != typeM1 {
		return hello{}, nil, rejected("packet")
	}
	wanted := packet[m1Size:]
	switch flags := packet[5]; {
	case flags == 0 && len(wanted) == 0:
	case flags == hasServerKey && len(wanted) == keySize:
	default:
		return hello{}, nil, rejected("flags")
	}
	h, err := parseHello(packet[len(protocol)+headSize : m1Size])
	return h, wanted, err
}

func parseM2(packet []byte) (hello, error) {
	// Other flags: "no such server", or bits without a meaning.
	if len(packet) != m2Size || packet[0] != typeM2 || packet[1] != 0 {
		return hello{}, rejected("packet")
	}
	return parseHello(packet[headSize:])
}

func parseHello(fields []byte) (hello, error) {
	support := binary.LittleEndian.Uint32(fields)
	if support > 1 {
		return hello{}, rejected("time")
	}
	return hello{timeSupported: support == 1, ephemeral: slices.Clone(fields[timeSize:])}, nil
}

// identity is M3 (server) or M4 (client) before encryption.
type identity struct {
	timeMs    uint32
	publicKey []byte
	signature []byte
}

func (i identity) packet(packetType byte) []byte {
	head := binary.LittleEndian.AppendUint32([]byte{packetType, 0}, i.timeMs)
	return slices.Concat(head, i.publicKey, i.signature)
}

func parseIdentity(packetType byte, plain []byte) (identity, error) {
	if len(plain) != identitySize {
		return identity{}, rejected("packet")
	}
	timeMs, err := parseHead(packetType, plain)
	signature := plain[identitySize-ed25519.SignatureSize:]
	publicKey := plain[headSize+timeSize : identitySize-ed25519.SignatureSize]
	return identity{timeMs: timeMs, publicKey: publicKey, signature: signature}, err
}

func appPacket(timeMs uint32, data []byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte{typeApp, 0}, timeMs), data...)
}

// parseHead checks type and flags and gives the time field.
func parseHead(packetType byte, plain []byte) (uint32, error) {
	if len(plain) < headSize+timeSize || plain[0] != packetType || plain[1] != 0 {
		return 0, rejected("packet")
	}
	timeMs := binary.LittleEndian.Uint32(plain[headSize:])
	if timeMs > timeMax {
		return 0, rejected("time")
	}
	return timeMs, nil
}

// challenge is what a side signs: its prefix ‖ SHA-512(M1) ‖ SHA-512(M2).
func challenge(prefix string, m1, m2 []byte) []byte {
	first, second := sha512.Sum512(m1), sha512.Sum512(m2)
	return slices.Concat([]byte(prefix), first[:], second[:])
}

const (
	serverPrefix = "SC-SIG01"
	clientPrefix = "SC-SIG02"
)
