// Package mesh connects to the programs of a cardlane mesh: loopback in plaintext or mutual TLS
// with SPIFFE identities, trace context, and errors that a person can read.
package mesh

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
)

// Role is the first part of a SPIFFE path: what a server is.
type Role string

// The servers of the mesh that have an identity. A reader has none: Salt protects it.
const (
	Terminal   Role = "terminal"
	Relay      Role = "relay"
	Processor  Role = "processor"
	PINService Role = "pin-service"
	// Operator is a person at a command line.
	Operator Role = "operator"
)

// Identity is who this program is towards others.
type Identity struct {
	// TLSDir has ca.pem, cert.pem and key.pem; empty for plaintext, which is loopback only.
	TLSDir string
	// TrustDomain is the host of the mesh's SPIFFE URIs, such as "cardlane.dev".
	TrustDomain string
}

// IdentityFromEnvironment reads CARDLANE_TLS_DIR and CARDLANE_TRUST_DOMAIN.
func IdentityFromEnvironment() Identity {
	domain := os.Getenv("CARDLANE_TRUST_DOMAIN")
	if domain == "" {
		domain = "cardlane.dev"
	}
	return Identity{TLSDir: os.Getenv("CARDLANE_TLS_DIR"), TrustDomain: domain}
}

// Dial prepares a connection to "host:port"; the first call opens it.
func (i Identity) Dial(address string, role Role) (*grpc.ClientConn, error) {
	transport, err := i.client(address, role)
	if err != nil {
		return nil, err
	}
	return grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(transport))
}

// DialReader prepares a connection to a reader, which is never TLS.
func DialReader(address string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()))
}

// Server gives the credentials of a server. Clients must have one of the roles.
func (i Identity) Server(address string, clients ...Role) (credentials.TransportCredentials, error) {
	if i.TLSDir == "" {
		return plaintext(address)
	}
	config, err := i.config(clients...)
	return credentials.NewTLS(config), err
}

func (i Identity) client(address string, role Role) (credentials.TransportCredentials, error) {
	if i.TLSDir == "" {
		return plaintext(address)
	}
	config, err := i.config(role)
	return credentials.NewTLS(config), err
}

func plaintext(address string) (credentials.TransportCredentials, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s is not loopback: set CARDLANE_TLS_DIR for mutual TLS", address)
	}
	return insecure.NewCredentials(), nil
}

// config is mutual TLS 1.3. Host names mean nothing here: the peer is its SPIFFE URI.
func (i Identity) config(peers ...Role) (*tls.Config, error) {
	file := func(name string) string { return filepath.Join(i.TLSDir, name) }
	certificate, err := tls.LoadX509KeyPair(file("cert.pem"), file("key.pem"))
	if err != nil {
		return nil, err
	}
	authorities, err := os.ReadFile(file("ca.pem"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authorities) {
		return nil, fmt.Errorf("no certificate in %s", file("ca.pem"))
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAnyClientCert,
		// Go's own check wants a host name; VerifyConnection below checks chain and identity.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			return i.verify(state.PeerCertificates, pool, peers)
		},
	}, nil
}

func (i Identity) verify(chain []*x509.Certificate, pool *x509.CertPool, peers []Role) error {
	if len(chain) == 0 {
		return errors.New("the peer shows no certificate")
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	options := x509.VerifyOptions{
		Roots: pool, Intermediates: intermediates,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if _, err := chain[0].Verify(options); err != nil {
		return err
	}
	id, err := spiffeID(chain[0])
	if err != nil {
		return err
	}
	for _, role := range peers {
		shape := fmt.Sprintf(`^spiffe://%s/%s/[A-Za-z0-9._-]+$`, regexp.QuoteMeta(i.TrustDomain), role)
		if regexp.MustCompile(shape).MatchString(id) {
			return nil
		}
	}
	return fmt.Errorf("the peer must be one of %v of %s, it is %s", peers, i.TrustDomain, id)
}

// spiffeID is the one URI of a certificate.
func spiffeID(certificate *x509.Certificate) (string, error) {
	if len(certificate.URIs) != 1 {
		return "", fmt.Errorf("a certificate must have one URI, it has %d", len(certificate.URIs))
	}
	return certificate.URIs[0].String(), nil
}

// HasRole reports whether the caller of a server has one of the roles. In plaintext, which is
// loopback only, there is no identity and everybody has every role.
func HasRole(ctx context.Context, roles ...Role) bool {
	info, isTLS := tlsOf(ctx)
	if !isTLS {
		return true
	}
	for _, role := range roles {
		if role == roleOf(info) {
			return true
		}
	}
	return false
}

// NameOf is the last part of the caller's SPIFFE path, such as a relay id; empty in plaintext.
func NameOf(ctx context.Context) string {
	info, isTLS := tlsOf(ctx)
	if !isTLS {
		return ""
	}
	return path.Base(uriOf(info).Path)
}

// roleOf is the first part of a peer's SPIFFE path.
func roleOf(info credentials.TLSInfo) Role {
	return Role(path.Base(path.Dir(uriOf(info).Path)))
}

func tlsOf(ctx context.Context) (credentials.TLSInfo, bool) {
	caller, ok := peer.FromContext(ctx)
	if !ok {
		return credentials.TLSInfo{}, false
	}
	info, ok := caller.AuthInfo.(credentials.TLSInfo)
	return info, ok
}

// uriOf: the handshake was refused without exactly one.
func uriOf(info credentials.TLSInfo) *url.URL { return info.State.PeerCertificates[0].URIs[0] }
