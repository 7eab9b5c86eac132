package salt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/cardlane/cardlane/clients/go/internal/vectors"
)

type session struct {
	ClientSigSK       vectors.Hex `json:"client_sig_sk"`
	ClientEphemeralSK vectors.Hex `json:"client_ephemeral_sk"`
	ServerSigSK       vectors.Hex `json:"server_sig_sk"`
	ServerEphemeralSK vectors.Hex `json:"server_ephemeral_sk"`
	M1, M2            vectors.Hex
	EncryptedM3       vectors.Hex `json:"encrypted_m3"`
	EncryptedM4       vectors.Hex `json:"encrypted_m4"`
	AppPacketClient   appVector   `json:"app_packet_client"`
	AppPacketServer   appVector   `json:"app_packet_server"`
}

type appVector struct{ Data, Packet vectors.Hex }

// The published session has no times and marks the server's packet as the last.
func TestPublishedSession(t *testing.T) {
	v := vectors.Load[session](t, "salt-channel-v2-appendix-a.json")
	off := times{isOff: true}
	client, err := newClient(bytes.NewReader(v.ClientEphemeralSK), ed25519.PrivateKey(v.ClientSigSK), off)
	must(t, err)
	same(t, "M1", client.M1, v.M1)
	server, err := newServer(bytes.NewReader(v.ServerEphemeralSK), ed25519.PrivateKey(v.ServerSigSK), v.M1, off)
	must(t, err)
	same(t, "M2", server.M2, v.M2)
	same(t, "M3", server.M3, v.EncryptedM3)
	must(t, client.ReceiveM2(v.M2, time.Time{}))
	serverKey, err := client.ReceiveM3(v.EncryptedM3, time.Time{})
	must(t, err)
	same(t, "server key", serverKey.Bytes(), v.ServerSigSK[32:])
	m4, clientChannel, err := client.Accept(time.Time{})
	must(t, err)
	same(t, "M4", m4, v.EncryptedM4)
	serverChannel, err := server.ReceiveM4(m4, time.Time{})
	must(t, err)
	same(t, "client key", serverChannel.Peer.Bytes(), v.ClientSigSK[32:])

	packet, err := clientChannel.Seal(v.AppPacketClient.Data, time.Time{})
	must(t, err)
	same(t, "client's packet", packet, v.AppPacketClient.Packet)
	_, err = serverChannel.Open(packet, time.Time{})
	must(t, err)
	packet, err = serverChannel.Seal(v.AppPacketServer.Data, time.Time{})
	must(t, err)
	packet[1] = 0x80 // The flag is outside the encryption.
	same(t, "server's packet", packet, v.AppPacketServer.Packet)
	if _, err = clientChannel.Open(packet, time.Time{}); err == nil {
		t.Error("a packet with the last flag was accepted")
	}
}

var epoch = time.Unix(1_700_000_000, 0)

func pair(t *testing.T) (client, server *Channel) {
	t.Helper()
	c, err := NewClient(rand.Reader, newSigner(t), epoch)
	must(t, err)
	s, err := NewServer(rand.Reader, newSigner(t), c.M1, epoch)
	must(t, err)
	must(t, c.ReceiveM2(s.M2, epoch))
	_, err = c.ReceiveM3(s.M3, epoch)
	must(t, err)
	m4, client, err := c.Accept(epoch)
	must(t, err)
	server, err = s.ReceiveM4(m4, epoch)
	must(t, err)
	return client, server
}

func TestFlippedBitsAreRefused(t *testing.T) {
	c, err := NewClient(rand.Reader, newSigner(t), epoch)
	must(t, err)
	s, err := NewServer(rand.Reader, newSigner(t), c.M1, epoch)
	must(t, err)
	for i, m3 := range vectors.Flips(s.M3) {
		fresh := *c
		must(t, fresh.ReceiveM2(s.M2, epoch))
		if _, err := fresh.ReceiveM3(m3, epoch); err == nil {
			t.Errorf("M3 with a bit of byte %d flipped was accepted", i)
		}
	}
	client, server := pair(t)
	packet, err := client.Seal([]byte("prepare"), epoch)
	must(t, err)
	for i, flipped := range vectors.Flips(packet) {
		key, fresh := *server.cipher.key, *server.cipher
		fresh.key = &key
		channel := Channel{cipher: &fresh, times: server.times}
		if _, err := channel.Open(flipped, epoch); err == nil {
			t.Errorf("a packet with a bit of byte %d flipped was accepted", i)
		}
	}
}

func TestPacketsAreRefused(t *testing.T) {
	tests := map[string]func(client, server *Channel) []byte{
		"sent again": func(client, server *Channel) []byte {
			packet, _ := client.Seal([]byte("a"), epoch)
			_, _ = server.Open(packet, epoch)
			return packet
		},
		"out of order": func(client, _ *Channel) []byte {
			_, _ = client.Seal([]byte("a"), epoch)
			packet, _ := client.Seal([]byte("b"), epoch)
			return packet
		},
		"reflected": func(_, server *Channel) []byte {
			packet, _ := server.Seal([]byte("a"), epoch)
			return packet
		},
		"from the future": func(client, _ *Channel) []byte {
			packet, _ := client.Seal([]byte("a"), epoch.Add(DelayMax+time.Millisecond))
			return packet
		},
		"empty": func(_, _ *Channel) []byte { return nil },
	}
	for name, make := range tests {
		t.Run(name, func(t *testing.T) {
			client, server := pair(t)
			_, err := server.Open(make(client, server), epoch)
			if _, isRejected := errors.AsType[*RejectedError](err); !isRejected {
				t.Errorf("err = %v, want a RejectedError", err)
			}
			packet, err := client.Seal([]byte("later"), epoch)
			must(t, err)
			if _, err := server.Open(packet, epoch); err == nil {
				t.Error("the session went on after a refusal")
			}
		})
	}
}

func TestHeldBackPackets(t *testing.T) {
	client, server := pair(t)
	packet, err := client.Seal([]byte("a"), epoch.Add(time.Hour))
	must(t, err)
	_, err = server.Open(packet, epoch.Add(time.Hour+DelayMax))
	must(t, err)
	packet, err = client.Seal([]byte("b"), epoch.Add(time.Hour))
	must(t, err)
	if _, err = server.Open(packet, epoch.Add(time.Hour+DelayMax+time.Millisecond)); err == nil {
		t.Error("a packet that was held back was accepted")
	}
}

func newSigner(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	must(t, err)
	return private
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("%s = %x, want %x", what, got, want)
	}
}

// A side that shows a key which is not its own cannot sign for it.
func TestBorrowedKeysAreRefused(t *testing.T) {
	borrowed := func() ed25519.PrivateKey {
		own, other := newSigner(t), newSigner(t)
		return append(own[:32:32], other[32:]...)
	}
	c, err := NewClient(rand.Reader, borrowed(), epoch)
	must(t, err)
	s, err := NewServer(rand.Reader, newSigner(t), c.M1, epoch)
	must(t, err)
	must(t, c.ReceiveM2(s.M2, epoch))
	_, err = c.ReceiveM3(s.M3, epoch)
	must(t, err)
	m4, _, err := c.Accept(epoch)
	must(t, err)
	if _, err = s.ReceiveM4(m4, epoch); err == nil {
		t.Error("the server took M4 with a borrowed key")
	}
	c, err = NewClient(rand.Reader, newSigner(t), epoch)
	must(t, err)
	s, err = NewServer(rand.Reader, borrowed(), c.M1, epoch)
	must(t, err)
	must(t, c.ReceiveM2(s.M2, epoch))
	if _, err = c.ReceiveM3(s.M3, epoch); err == nil {
		t.Error("the client took M3 with a borrowed key")
	}
}
