package salt

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"errors"
	"io"
	"time"

	"github.com/cardlane/cardlane/clients/go/sealed"
	"github.com/cardlane/cardlane/clients/go/strictsig"
)

var errStep = errors.New("salt: handshake step out of order")

// Client is the reader's side of a handshake: send M1, give it M2, then M3, check the server's
// certificate, then Accept.
type Client struct {
	// M1 is the first packet to send.
	M1 []byte

	signer    ed25519.PrivateKey
	ephemeral *ecdh.PrivateKey
	m2        []byte
	cipher    *cipher
	times     times
	server    *strictsig.PublicKey
}

// NewClient begins a session now.
func NewClient(random io.Reader, signer ed25519.PrivateKey, now time.Time) (*Client, error) {
	return newClient(random, signer, times{ownEpoch: now})
}

func newClient(random io.Reader, signer ed25519.PrivateKey, times times) (*Client, error) {
	ephemeral, err := newEphemeral(random)
	if err != nil {
		return nil, err
	}
	own := hello{timeSupported: !times.isOff, ephemeral: ephemeral.PublicKey().Bytes()}
	return &Client{M1: own.m1(), signer: signer, ephemeral: ephemeral, times: times}, nil
}

// ReceiveM2 takes the server's first packet.
func (c *Client) ReceiveM2(m2 []byte, now time.Time) error {
	if c.cipher != nil {
		return errStep
	}
	server, err := parseM2(m2)
	if err != nil {
		return err
	}
	c.times.peerEpoch = now
	if err := c.times.checkAnswer(now); err != nil {
		return err
	}
	key, err := agree(c.ephemeral, server, c.times)
	if err != nil {
		return err
	}
	c.m2 = bytes.Clone(m2)
	c.cipher = &cipher{key: key, send: 1, receive: 2}
	return nil
}

// ReceiveM3 gives the key that the server has proved to hold. The client has not shown its own yet.
func (c *Client) ReceiveM3(packet []byte, now time.Time) (strictsig.PublicKey, error) {
	if c.cipher == nil || c.server != nil {
		return strictsig.PublicKey{}, errStep
	}
	plain, err := c.cipher.open(packet)
	if err != nil {
		return strictsig.PublicKey{}, err
	}
	server, err := proven(plain, typeM3, challenge(serverPrefix, c.M1, c.m2), c.signer, func(ms uint32) error {
		return c.times.check(ms, now)
	})
	if err != nil {
		return strictsig.PublicKey{}, err
	}
	c.server = &server
	return server, nil
}

// Accept shows the client to the server: send the packet, then use the channel.
func (c *Client) Accept(now time.Time) (m4 []byte, channel *Channel, err error) {
	if c.server == nil {
		return nil, nil, errStep
	}
	stamp, err := c.times.stamp(now)
	if err != nil {
		return nil, nil, err
	}
	m4, err = c.cipher.seal(identity{
		timeMs:    stamp,
		publicKey: c.signer.Public().(ed25519.PublicKey),
		signature: ed25519.Sign(c.signer, challenge(clientPrefix, c.M1, c.m2)),
	}.packet(typeM4))
	return m4, &Channel{Peer: *c.server, cipher: c.cipher, times: c.times}, err
}

// Server is the terminal's side of a handshake: send M2 and M3, then give it M4.
type Server struct {
	M2, M3 []byte

	m1     []byte
	signer ed25519.PrivateKey
	cipher *cipher
	times  times
}

// NewServer answers a client's M1.
func NewServer(
	random io.Reader, signer ed25519.PrivateKey, m1 []byte, now time.Time,
) (*Server, error) {
	return newServer(random, signer, m1, times{ownEpoch: now, peerEpoch: now})
}

func newServer(
	random io.Reader, signer ed25519.PrivateKey, m1 []byte, times times,
) (*Server, error) {
	client, wanted, err := parseM1(m1)
	if err != nil {
		return nil, err
	}
	public := signer.Public().(ed25519.PublicKey)
	if len(wanted) > 0 && !bytes.Equal(wanted, public) {
		return nil, rejected("no such server")
	}
	ephemeral, err := newEphemeral(random)
	if err != nil {
		return nil, err
	}
	key, err := agree(ephemeral, client, times)
	if err != nil {
		return nil, err
	}
	s := &Server{
		M2:     hello{timeSupported: !times.isOff, ephemeral: ephemeral.PublicKey().Bytes()}.m2(),
		m1:     bytes.Clone(m1),
		signer: signer,
		cipher: &cipher{key: key, send: 2, receive: 1},
		times:  times,
	}
	s.M3, err = s.cipher.seal(identity{
		publicKey: public,
		signature: ed25519.Sign(signer, challenge(serverPrefix, s.m1, s.M2)),
	}.packet(typeM3))
	return s, err
}

// ReceiveM4 gives the channel.
func (s *Server) ReceiveM4(packet []byte, now time.Time) (*Channel, error) {
	plain, err := s.cipher.open(packet)
	if err != nil {
		return nil, err
	}
	client, err := proven(plain, typeM4, challenge(clientPrefix, s.m1, s.M2), s.signer, func(ms uint32) error {
		return errors.Join(s.times.check(ms, now), s.times.checkAnswer(now))
	})
	if err != nil {
		return nil, err
	}
	return &Channel{Peer: client, cipher: s.cipher, times: s.times}, nil
}

func newEphemeral(random io.Reader) (*ecdh.PrivateKey, error) {
	secret := make([]byte, keySize)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, err
	}
	return ecdh.X25519().NewPrivateKey(secret)
}

func agree(own *ecdh.PrivateKey, peer hello, times times) (*[keySize]byte, error) {
	if !times.isOff && !peer.timeSupported {
		return nil, rejected("time not supported")
	}
	if bytes.Equal(own.PublicKey().Bytes(), peer.ephemeral) {
		return nil, rejected("reflected")
	}
	key, err := sealed.SharedKey(own, peer.ephemeral)
	if err != nil {
		return nil, rejected("ephemeral key")
	}
	return key, nil
}

// proven checks M3 or M4 and gives the key that signed it.
func proven(
	plain []byte, packetType byte, signed []byte, own ed25519.PrivateKey,
	checkTime func(timeMs uint32) error,
) (strictsig.PublicKey, error) {
	peer, err := parseIdentity(packetType, plain)
	if err != nil {
		return strictsig.PublicKey{}, err
	}
	if err := checkTime(peer.timeMs); err != nil {
		return strictsig.PublicKey{}, err
	}
	key, err := strictsig.ParsePublicKey(peer.publicKey)
	if err != nil || key == strictsig.PublicKeyOf(own) || !key.Verify(signed, peer.signature) {
		return strictsig.PublicKey{}, rejected("signature")
	}
	return key, nil
}
