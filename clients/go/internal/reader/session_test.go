package reader

import (
	"bytes"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cardlane/cardlane/clients/go/canonical"
	"github.com/cardlane/cardlane/clients/go/dsse"
	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	readerv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/reader/v1"
	"github.com/cardlane/cardlane/clients/go/internal/testmesh"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/sealed"
	"github.com/cardlane/cardlane/clients/go/strictsig"
	"github.com/cardlane/cardlane/clients/go/trust"
)

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

type bench struct {
	*testmesh.Mesh
	t        *testing.T
	reader   *Reader
	client   readerv1.ReaderServiceClient
	terminal *terminal
	nextID   byte
}

func newBench(t *testing.T, change func(*Options)) *bench {
	t.Helper()
	mesh := testmesh.New(t, time.Now())
	b := &bench{Mesh: mesh, t: t, reader: openReader(t, mesh, t.TempDir(), change)}
	b.client = serveReader(t, b.reader)
	b.terminal = b.connect(b.valid())
	return b
}

func (b *bench) valid() credentials {
	return credentials{
		certificate: b.TerminalCertificate(nil), identity: b.TerminalIdentity, manifest: b.Manifest(1, nil),
	}
}

func (b *bench) connect(own credentials) *terminal {
	b.t.Helper()
	connected, err := connect(b.t, b.client, own, b.reader.device.certificate.Digest)
	must(b.t, err)
	return connected
}

func (b *bench) prepare(total uint64) *readerv1.PreparePayment {
	b.t.Helper()
	b.nextID++
	prepare := &readerv1.PreparePayment{
		PaymentId: bytes.Repeat([]byte{b.nextID}, 16), Kind: paymentv1.PaymentKind_PAYMENT_KIND_SALE,
		Amounts: &paymentv1.Amounts{TotalMinor: total}, Currency: 978,
	}
	b.sayPrepare(prepare)
	return prepare
}

func (b *bench) sayPrepare(prepare *readerv1.PreparePayment) {
	b.terminal.say(&readerv1.TerminalMessage{
		Message:     &readerv1.TerminalMessage_PreparePayment{PreparePayment: prepare},
		Traceparent: traceparent,
	})
}

func (b *bench) confirm(id []byte, pin string) {
	confirm := &readerv1.Confirm{PaymentId: id}
	if pin != "" {
		confirm.PinSource = &readerv1.Confirm_Pin{Pin: pin}
	}
	b.terminal.say(&readerv1.TerminalMessage{
		Message: &readerv1.TerminalMessage_Confirm{Confirm: confirm},
	})
}

// pay takes a payment up to its signed bytes.
func (b *bench) pay(total uint64, pin string) *paymentv1.SignedPayment {
	b.t.Helper()
	prepare := b.prepare(total)
	hearUntil(b.terminal, (*readerv1.ReaderMessage).GetCardRead)
	b.confirm(prepare.PaymentId, pin)
	return hearUntil(b.terminal, (*readerv1.ReaderMessage).GetPaymentReady).Payment
}

// answer is the processor's; change may change it before it is signed.
func (b *bench) answer(to *payment.ReaderPayment, change func(*paymentv1.Result)) *paymentv1.SignedResult {
	b.t.Helper()
	result := &paymentv1.Result{
		Version: 1, PaymentId: to.ID[:], Revision: 1, RecordNumber: "A1000000000C",
		ContextDigest: to.ContextDigest(), Outcome: paymentv1.Outcome_OUTCOME_APPROVED,
		ResponseCode: "00", ApprovalCode: "A1B2C3",
		ApprovedAmountMinor: to.Context.Amounts.TotalMinor, Currency: 978,
		ProcessorTimeMs: time.Now().UnixMilli(), ValidUntilMs: time.Now().Add(time.Minute).UnixMilli(),
		ReaderSerial: testmesh.Serial, MerchantId: to.Context.MerchantId,
	}
	if change != nil {
		change(result)
	}
	data, err := canonical.Marshal(result)
	must(b.t, err)
	return &paymentv1.SignedResult{
		Result: data, Signature: dsse.Sign(dsse.Result, data, b.Result),
		KeyId: strictsig.PublicKeyOf(b.Result).ID(),
	}
}

func (b *bench) show(signed *paymentv1.SignedResult) *readerv1.ResultShown {
	b.t.Helper()
	b.terminal.say(&readerv1.TerminalMessage{Message: &readerv1.TerminalMessage_ShowResult{
		ShowResult: &readerv1.ShowResult{Result: signed},
	}})
	return hearUntil(b.terminal, (*readerv1.ReaderMessage).GetResultShown)
}

func TestPaymentWithPIN(t *testing.T) {
	b := newBench(t, nil)
	if b.terminal.channel.Peer != strictsig.PublicKeyOf(b.ReaderIdentity) {
		t.Error("the reader proved another identity")
	}
	prepare := b.prepare(1250)
	first := b.terminal.hear()
	if lines := first.GetPrepared().GetDisplayLines(); len(lines) != 3 || lines[1] != "12.50 EUR" {
		t.Errorf("the display shows %q", lines)
	}
	if first.Traceparent != traceparent {
		t.Errorf("traceparent = %q", first.Traceparent)
	}
	read := hearUntil(b.terminal, (*readerv1.ReaderMessage).GetCardRead)
	if read.MaskedPan != "424242******4242" || read.Scheme != "VISA" {
		t.Errorf("card read: %v", read)
	}
	b.confirm(prepare.PaymentId, "1234")
	signed := hearUntil(b.terminal, (*readerv1.ReaderMessage).GetPaymentReady).Payment
	to := b.verify(signed)
	if to.Context.Counter != 1 || to.Context.PinEntry != paymentv1.PinEntry_PIN_ENTRY_TERMINAL {
		t.Errorf("context: %v", to.Context)
	}
	ksn, _, err := sealed.OpenPIN(b.PINKey, to.ContextDigest(), to.PINBox)
	must(t, err)
	if want := append(bytes.Clone(b.InitialKeyID), 0, 0, 0, 1); !bytes.Equal(ksn, want) {
		t.Errorf("KSN = %x, want %x", ksn, want)
	}
	shown := b.show(b.answer(to, nil))
	if shown.Shown != readerv1.ShownOutcome_SHOWN_OUTCOME_APPROVED {
		t.Errorf("shown: %v", shown)
	}
	completion := shown.Completion
	if !dsse.Verify(dsse.Completion, completion.GetCompletion(), completion.GetSignature(),
		strictsig.PublicKeyOf(b.ReaderSigning)) {
		t.Error("the completion is not signed")
	}
}

// verify checks the signature as a relay would, and that the card box opens.
func (b *bench) verify(signed *paymentv1.SignedPayment) *payment.ReaderPayment {
	b.t.Helper()
	key := strictsig.PublicKeyOf(b.ReaderSigning)
	if !dsse.Verify(dsse.ReaderPayment, signed.ReaderPayment, signed.Signature, key) {
		b.t.Fatal("the payment is not signed")
	}
	to, err := payment.ParseReaderPayment(signed.ReaderPayment)
	must(b.t, err)
	data, err := sealed.OpenCard(b.CardKey, to.ContextDigest(), to.CardBox)
	must(b.t, err)
	var card paymentv1.CardData
	must(b.t, canonical.Unmarshal(data, &card))
	if card.Pan != b.reader.Card.Number {
		b.t.Error("another card is in the box")
	}
	return to
}

func TestResultsThatAreNotBelieved(t *testing.T) {
	tests := map[string]func(*paymentv1.Result){
		"another amount":     func(r *paymentv1.Result) { r.ApprovedAmountMinor++ },
		"another currency":   func(r *paymentv1.Result) { r.Currency = 840 },
		"another context":    func(r *paymentv1.Result) { r.ContextDigest = make([]byte, 64) },
		"another reader":     func(r *paymentv1.Result) { r.ReaderSerial = "GO-0002" },
		"another payment":    func(r *paymentv1.Result) { r.PaymentId = make([]byte, 16) },
		"no longer valid":    func(r *paymentv1.Result) { r.ValidUntilMs = time.Now().UnixMilli() - 1 },
		"before its key":     func(r *paymentv1.Result) { r.ProcessorTimeMs = 1 },
		"revision 0":         func(r *paymentv1.Result) { r.Revision = 0 },
		"partial, not asked": func(r *paymentv1.Result) { r.Outcome, r.ApprovedAmountMinor = 2, 1 },
		"no outcome":         func(r *paymentv1.Result) { r.Outcome = 0 },
	}
	b := newBench(t, nil)
	to := b.verify(b.pay(1250, "1234"))
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			if shown := b.show(b.answer(to, change)); shown.Shown != readerv1.ShownOutcome_SHOWN_OUTCOME_UNKNOWN {
				t.Errorf("shown: %v", shown)
			}
		})
	}
	flipped := b.answer(to, nil)
	flipped.Signature[3] ^= 4
	if shown := b.show(flipped); shown.Shown != readerv1.ShownOutcome_SHOWN_OUTCOME_UNKNOWN {
		t.Errorf("a flipped signature is shown as %v", shown.Shown)
	}
	if shown := b.show(b.answer(to, nil)); shown.Shown != readerv1.ShownOutcome_SHOWN_OUTCOME_APPROVED {
		t.Errorf("the right answer is shown as %v", shown.Shown)
	}
	if shown := b.show(b.answer(to, func(r *paymentv1.Result) {
		r.Revision, r.Outcome = 2, paymentv1.Outcome_OUTCOME_REVERSED
	})); shown.Shown != readerv1.ShownOutcome_SHOWN_OUTCOME_REVERSED {
		t.Errorf("a reversal is shown as %v", shown.Shown)
	}
	if shown := b.show(b.answer(to, nil)); shown.Shown != readerv1.ShownOutcome_SHOWN_OUTCOME_UNKNOWN {
		t.Errorf("a lower revision is shown as %v", shown.Shown)
	}
}

func TestPINRetryRepeatsTheDeclinedPayment(t *testing.T) {
	b := newBench(t, nil)
	to := b.verify(b.pay(1250, "9999"))
	shown := b.show(b.answer(to, func(r *paymentv1.Result) {
		r.Outcome, r.ResponseCode, r.ApprovedAmountMinor = paymentv1.Outcome_OUTCOME_DECLINED, "55", 0
	}))
	if shown.Shown != readerv1.ShownOutcome_SHOWN_OUTCOME_DECLINED || shown.Completion != nil {
		t.Errorf("shown: %v", shown)
	}
	retry := &readerv1.PreparePayment{
		PaymentId: bytes.Repeat([]byte{0xee}, 16), PreviousPaymentId: to.ID[:],
		Kind: to.Context.Kind, Amounts: &paymentv1.Amounts{TotalMinor: 1251}, Currency: 978,
	}
	b.sayPrepare(retry)
	if fault := hearUntil(b.terminal, (*readerv1.ReaderMessage).GetFault); fault.Code != "WRONG_STATE" {
		t.Errorf("another amount: %v", fault)
	}
	retry.Amounts.TotalMinor = 1250
	b.sayPrepare(retry)
	hearUntil(b.terminal, (*readerv1.ReaderMessage).GetCardRead)
	b.confirm(retry.PaymentId, "1234")
	again := b.verify(hearUntil(b.terminal, (*readerv1.ReaderMessage).GetPaymentReady).Payment)
	if again.Context.Counter != 2 || !bytes.Equal(again.Context.PreviousPaymentId, to.ID[:]) {
		t.Errorf("context: %v", again.Context)
	}
}

func TestFaults(t *testing.T) {
	b := newBench(t, nil)
	to := b.verify(b.pay(1250, "1234"))
	expect := func(code string) {
		t.Helper()
		message := b.terminal.hear()
		for message.GetEvent() != nil || message.GetPrepared() != nil || message.GetCardRead() != nil {
			message = b.terminal.hear()
		}
		if fault := message.GetFault(); fault.GetCode() != code {
			t.Errorf("heard %v, want %s", message, code)
		}
	}
	b.sayPrepare(&readerv1.PreparePayment{
		PaymentId: to.ID[:], Kind: to.Context.Kind, Amounts: to.Context.Amounts, Currency: 978,
	})
	expect("ALREADY_SIGNED")
	b.prepare(0)
	expect("AMOUNT_OUT_OF_RANGE")
	b.prepare(1_000_000_000_000)
	expect("AMOUNT_OUT_OF_RANGE")
	next := b.prepare(100)
	b.confirm(next.PaymentId, "")
	expect("PIN_NOT_ENTERED")
	b.confirm(next.PaymentId, "12")
	expect("PIN_NOT_ENTERED")
	next = b.prepare(100)
	b.prepare(200)
	expect("READER_BUSY")
	b.terminal.say(&readerv1.TerminalMessage{Message: &readerv1.TerminalMessage_Cancel{
		Cancel: &readerv1.Cancel{PaymentId: next.PaymentId},
	}})
	cancelled := hearUntil(b.terminal, (*readerv1.ReaderMessage).GetCancelled)
	if cancelled.CancelledBy != readerv1.CancelledBy_CANCELLED_BY_TERMINAL {
		t.Errorf("cancelled: %v", cancelled)
	}
}

func TestTerminalsThatAreRefused(t *testing.T) {
	b := newBench(t, nil) // Paired with the merchant of its first terminal.
	stranger := testmesh.New(t, time.Now())
	tests := map[string]func(*credentials){
		"unknown acquirer": func(c *credentials) { c.certificate = stranger.TerminalCertificate(nil) },
		"no certificate":   func(c *credentials) { c.certificate = &keysv1.SignedEnvelope{} },
		"another's certificate": func(c *credentials) {
			c.identity = testmesh.Signer()
		},
		"another merchant": func(c *credentials) {
			c.certificate = b.TerminalCertificate(func(t *keysv1.TerminalCertificate) {
				t.MerchantId = "SOMEBODYELSE001"
			})
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			own := b.valid()
			change(&own)
			_, err := connect(t, b.client, own, b.reader.device.certificate.Digest)
			if status.Code(err) != codes.Unauthenticated {
				t.Errorf("err = %v", err)
			}
		})
	}
	t.Run("revoked by the manifest it brings", func(t *testing.T) {
		own := b.valid()
		certificate, err := b.Roots.VerifyTerminal(own.certificate, time.Now())
		must(t, err)
		own.manifest = b.Manifest(9, func(m *keysv1.KeyManifest) {
			m.RevokedCertificateIds = [][]byte{certificate.ID}
		})
		connected, err := connect(t, b.client, own, b.reader.device.certificate.Digest)
		must(t, err)
		if _, err := connected.stream.Recv(); status.Code(err) != codes.Unauthenticated {
			t.Errorf("err = %v", err)
		}
	})
}

func TestNothingIsObeyedAfterAnotherReadersDigest(t *testing.T) {
	b := newBench(t, nil)
	own := b.valid()
	own.readerDigest = make([]byte, 64)
	connected, err := connect(t, b.client, own, nil)
	must(t, err)
	if _, err := connected.stream.Recv(); status.Code(err) != codes.Unauthenticated {
		t.Errorf("err = %v", err)
	}
}

func TestCounterAndBytesSurviveARestart(t *testing.T) {
	mesh, directory := testmesh.New(t, time.Now()), t.TempDir()
	b := &bench{Mesh: mesh, t: t, reader: openReader(t, mesh, directory, nil)}
	b.client = serveReader(t, b.reader)
	b.terminal = b.connect(b.valid())
	signed := b.pay(1250, "1234")
	before := b.verify(signed)
	must(t, b.reader.device.store.files.Close())

	b.reader = openReader(t, mesh, directory, nil)
	b.client = serveReader(t, b.reader)
	withoutManifest := b.valid()
	withoutManifest.manifest = nil
	b.terminal = b.connect(withoutManifest)
	if b.terminal.hello.ManifestNumber != 1 {
		t.Errorf("the manifest was forgotten: %v", b.terminal.hello)
	}
	b.terminal.say(&readerv1.TerminalMessage{Message: &readerv1.TerminalMessage_ResendPayment{
		ResendPayment: &readerv1.ResendPayment{PaymentId: before.ID[:]},
	}})
	again := hearUntil(b.terminal, (*readerv1.ReaderMessage).GetPaymentReady).Payment
	if !bytes.Equal(again.ReaderPayment, signed.ReaderPayment) || !bytes.Equal(again.Signature, signed.Signature) {
		t.Error("other bytes were sent again")
	}
	after := b.verify(b.pay(100, "1234"))
	ksn, _, err := sealed.OpenPIN(b.PINKey, after.ContextDigest(), after.PINBox)
	must(t, err)
	if after.Context.Counter != 2 || ksn[11] != 2 {
		t.Errorf("counter %d and KSN %x after a restart, want 2", after.Context.Counter, ksn)
	}
}

func TestWithoutAManifestNothingIsPrepared(t *testing.T) {
	mesh := testmesh.New(t, time.Now())
	b := &bench{Mesh: mesh, t: t, reader: openReader(t, mesh, t.TempDir(), nil)}
	b.client = serveReader(t, b.reader)
	own := b.valid()
	own.manifest = mesh.Manifest(1, func(m *keysv1.KeyManifest) {
		m.ExpiresAtMs = m.IssuedAtMs + trust.ManifestLife.Milliseconds() + 1
	})
	b.terminal = b.connect(own)
	b.prepare(100)
	if fault := hearUntil(b.terminal, (*readerv1.ReaderMessage).GetFault); fault.Code != "KEY_NOT_VALID" {
		t.Errorf("fault: %v", fault)
	}
}

func TestTapAndPINOnTheReader(t *testing.T) {
	b := newBench(t, func(o *Options) {
		o.EntryMode, o.PIN = paymentv1.EntryMode_ENTRY_MODE_CONTACTLESS, "1234"
	})
	small := b.verify(b.pay(5000, ""))
	if small.Context.Verification != paymentv1.Verification_VERIFICATION_NONE || len(small.PINBox) != 0 {
		t.Errorf("context of a small tap: %v", small.Context)
	}
	prepare := b.prepare(5001)
	hearUntil(b.terminal, (*readerv1.ReaderMessage).GetCardRead)
	b.terminal.say(&readerv1.TerminalMessage{Message: &readerv1.TerminalMessage_Confirm{
		Confirm: &readerv1.Confirm{
			PaymentId: prepare.PaymentId, PinSource: &readerv1.Confirm_PinOnReader{PinOnReader: true},
		},
	}})
	large := b.verify(hearUntil(b.terminal, (*readerv1.ReaderMessage).GetPaymentReady).Payment)
	if large.Context.PinEntry != paymentv1.PinEntry_PIN_ENTRY_READER {
		t.Errorf("context of a large tap: %v", large.Context)
	}
}
