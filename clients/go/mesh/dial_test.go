package mesh_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/cardlane/cardlane/clients/go/mesh"
)

func TestPlaintextIsLoopbackOnly(t *testing.T) {
	plain := mesh.Identity{TrustDomain: "cardlane.dev"}
	for address, accepted := range map[string]bool{
		"127.0.0.1:7403": true, "localhost:7403": true, "[::1]:7403": true,
		"192.0.2.1:7403": false, "relay.example:7403": false, "nonsense": false,
	} {
		if _, err := plain.Dial(address, mesh.Relay); (err == nil) != accepted {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestPeersAreTheirSPIFFEIdentities(t *testing.T) {
	authority, stranger := newAuthority(t), newAuthority(t)
	relay := authority.identity("spiffe://cardlane.dev/relay/A1")
	tests := []struct {
		name     string
		server   mesh.Identity
		client   mesh.Identity
		accepted bool
	}{
		{"as it should be", relay, authority.identity("spiffe://cardlane.dev/terminal/TILL0001"), true},
		{"another role serves", authority.identity("spiffe://cardlane.dev/processor/P1"),
			authority.identity("spiffe://cardlane.dev/terminal/TILL0001"), false},
		{"another role calls", relay, authority.identity("spiffe://cardlane.dev/processor/P1"), false},
		{"another trust domain calls", relay, authority.identity("spiffe://elsewhere.dev/terminal/T"), false},
		{"another authority", relay, stranger.identity("spiffe://cardlane.dev/terminal/TILL0001"), false},
		{"a deeper path serves", authority.identity("spiffe://cardlane.dev/relay/A1/x"),
			authority.identity("spiffe://cardlane.dev/terminal/TILL0001"), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := call(t, test.server, test.client)
			if test.accepted && err != nil || !test.accepted && status.Code(err) != codes.Unavailable {
				t.Errorf("err = %v", err)
			}
		})
	}
}

// call dials a relay that serves terminals, and asks for its health.
func call(t *testing.T, server, client mesh.Identity) error {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	transport, err := server.Server(listener.Addr().String(), mesh.Terminal)
	must(t, err)
	served := grpc.NewServer(grpc.Creds(transport))
	healthv1.RegisterHealthServer(served, health.NewServer())
	go func() { _ = served.Serve(listener) }()
	defer served.Stop()
	connection, err := client.Dial(listener.Addr().String(), mesh.Relay)
	must(t, err)
	defer connection.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err = healthv1.NewHealthClient(connection).Check(ctx, &healthv1.HealthCheckRequest{})
	return err
}

type authority struct {
	t           *testing.T
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	return authority{t: t, key: key, certificate: certificate}
}

// identity issues a certificate with one SPIFFE URI and writes it as programs read it.
func (a authority) identity(uri string) mesh.Identity {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(a.t, err)
	parsed, err := url.Parse(uri)
	must(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), URIs: []*url.URL{parsed},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	must(a.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(a.t, err)
	directory := a.t.TempDir()
	for name, block := range map[string]*pem.Block{
		"ca.pem":   {Type: "CERTIFICATE", Bytes: a.certificate.Raw},
		"cert.pem": {Type: "CERTIFICATE", Bytes: der},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: private},
	} {
		must(a.t, os.WriteFile(filepath.Join(directory, name), pem.EncodeToMemory(block), 0o600))
	}
	return mesh.Identity{TLSDir: directory, TrustDomain: "cardlane.dev"}
}

func TestTraces(t *testing.T) {
	trace := mesh.NewTrace()
	again, ok := mesh.ParseTrace(trace.Parent())
	if !ok || again.ID != trace.ID {
		t.Errorf("%s is read as %s", trace.Parent(), again.ID)
	}
	if _, ok := mesh.ParseTrace("00-XYZ-b7ad6b7169203331-01"); ok {
		t.Error("a trace id of other characters was taken")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
