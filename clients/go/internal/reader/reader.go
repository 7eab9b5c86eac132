package reader

import (
	"context"
	"errors"
	"sync"

	"github.com/cardlane/cardlane/clients/go/dukpt"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	"github.com/cardlane/cardlane/clients/go/internal/durable"
	"github.com/cardlane/cardlane/clients/go/strictsig"
)

// Reader serves cardlane.reader.v1.ReaderService.
type Reader struct {
	readerv1.UnimplementedReaderServiceServer
	Options
	device   *Device
	stopping chan struct{}

	mu sync.Mutex
	// detach ends the session that is attached now.
	detach context.CancelFunc
}

// Open continues with what is in files. initialKey is asked for on the very first start only: the
// caller destroys its own copy once the reader is open.
func Open(
	options Options, files *durable.Files, initialKey func() ([]byte, error),
) (*Reader, error) {
	certificate, err := options.Roots.VerifyReader(options.Certificate, options.Now())
	if err != nil {
		return nil, err
	}
	isOwn := certificate.Identity == strictsig.PublicKeyOf(options.Identity) &&
		certificate.Signing == strictsig.PublicKeyOf(options.Signing)
	if !isOwn {
		return nil, errors.New("the reader's keys are not those in its certificate")
	}
	store, err := openStore(files, func() (*dukpt.Register, error) {
		key, err := initialKey()
		if err != nil {
			return nil, err
		}
		defer clear(key)
		return dukpt.NewRegister(certificate.DukptInitialKeyId, key)
	})
	if err != nil {
		return nil, err
	}
	manifest, err := openManifest(options.Roots, files)
	if err != nil {
		return nil, err
	}
	device := &Device{
		Options: options, certificate: certificate, store: store, manifest: manifest,
	}
	return &Reader{Options: options, device: device, stopping: make(chan struct{})}, nil
}

// Serial is the reader's serial number.
func (r *Reader) Serial() string { return r.device.certificate.Serial }

// Stop asks the terminal to go. A payment underway is finished first.
func (r *Reader) Stop() { close(r.stopping) }

// attach makes a session the one that is obeyed; it takes the place of the one before.
func (r *Reader) attach() (attached context.Context, detach func()) {
	attached, cancel := context.WithCancel(context.Background())
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.detach != nil {
		r.detach()
	}
	r.detach = cancel
	r.device.cut()
	return attached, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if attached.Err() == nil {
			cancel()
			r.device.cut()
		}
	}
}
