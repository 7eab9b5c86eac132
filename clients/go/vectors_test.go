package cardlane_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cardlane/cardlane/clients/go/dsse"
	keysv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/keys/v1"
	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	processorv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/processor/v1"
	"github.com/cardlane/cardlane/clients/go/internal/vectors"
	"github.com/cardlane/cardlane/clients/go/mesh"
	"github.com/cardlane/cardlane/clients/go/payment"
	"github.com/cardlane/cardlane/clients/go/salt"
	"github.com/cardlane/cardlane/clients/go/sealed"
	"github.com/cardlane/cardlane/clients/go/strictsig"
	"github.com/cardlane/cardlane/clients/go/trust"
)

// The vectors of docs/conformance.md but PIN blocks, which are in dukpt.

type yields = map[string]string

func TestContextVectors(t *testing.T) {
	vectors.Judge(t, "contexts.json", func(_ *testing.T, given vectors.Fields) (yields, string) {
		parsed, err := payment.ParseReaderPayment(given.Bytes("reader_payment"))
		if err != nil {
			return nil, verdictOf(err)
		}
		return yields{
			"context":            hex.EncodeToString(parsed.ContextBytes),
			"context_digest":     hex.EncodeToString(parsed.ContextDigest()),
			"idempotency_digest": hex.EncodeToString(parsed.Digest[:]),
		}, vectors.Accepted
	})
}

func TestSignatureVectors(t *testing.T) {
	vectors.Judge(t, "signatures.json", func(_ *testing.T, given vectors.Fields) (yields, string) {
		key, err := strictsig.ParsePublicKey(given.Bytes("public_key"))
		kind := dsse.Type(given.Text("type"))
		if err != nil || !dsse.Verify(kind, given.Bytes("body"), given.Bytes("signature"), key) {
			return nil, string(payment.SignatureRejected)
		}
		return nil, vectors.Accepted
	})
}

func TestBoxVectors(t *testing.T) {
	vectors.Judge(t, "boxes.json", func(t *testing.T, given vectors.Fields) (yields, string) {
		private := privateKey(t, given.Bytes("secret_key"))
		digest, box := given.Bytes("context_digest"), given.Bytes("sealed")
		if given.Text("box") == "card" {
			data, err := sealed.OpenCard(private, digest, box)
			return yields{"card_data": hex.EncodeToString(data)}, verdictOf(err)
		}
		ksn, block, err := sealed.OpenPIN(private, digest, box)
		return yields{
			"key_serial_number": hex.EncodeToString(ksn), "pin_block": hex.EncodeToString(block),
		}, verdictOf(err)
	})
}

func TestHopBoxVectors(t *testing.T) {
	directions := map[string]sealed.Direction{"request": sealed.Request, "answer": sealed.Answer}
	vectors.Judge(t, "hop-boxes.json", func(t *testing.T, given vectors.Fields) (yields, string) {
		private := privateKey(t, given.Bytes("secret_key"))
		hop, err := sealed.NewHop(private, given.Bytes("peer_public_key"), given.Text("relay_id"))
		check(t, err)
		payload, err := hop.Open(directions[given.Text("direction")], given.Bytes("sealed"))
		return yields{"payload": hex.EncodeToString(payload)}, verdictOf(err)
	})
}

func TestBoxResultsVectors(t *testing.T) {
	vectors.Judge(t, "box-results.json", func(t *testing.T, given vectors.Fields) (yields, string) {
		box := new(processorv1.HopAnswer)
		check(t, proto.Unmarshal(given.Bytes("hop_answer"), box))
		key, err := strictsig.ParsePublicKey(given.Bytes("manifest_public_key"))
		check(t, err)
		body, isWhole := boxResultsBody(given.Text("relay_id"), box, key.ID())
		name := "application/vnd.cardlane.box-results.v1"
		encoding := append(fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(name), name, len(body)), body...)
		if !isWhole || !key.Verify(encoding, box.GetResultsSignature().GetSignature()) {
			return nil, string(payment.SignatureRejected)
		}
		return yields{"signed": hex.EncodeToString(body)}, vectors.Accepted
	})
}

// boxResultsBody is what one signature over all results of a box covers, if keyID made all of them.
func boxResultsBody(relayID string, box *processorv1.HopAnswer, keyID []byte) ([]byte, bool) {
	body, count := []byte(relayID), 0
	isWhole := bytes.Equal(box.GetResultsSignature().GetKeyId(), keyID)
	for _, answer := range box.Answers {
		signed := answer.GetResult()
		if signed == nil {
			continue
		}
		count++
		isWhole = isWhole && bytes.Equal(signed.KeyId, keyID) && len(signed.Signature) == 64
		body = binary.BigEndian.AppendUint64(body, answer.RequestNumber)
		body = append(body, dsse.Digest(dsse.Result, signed.Result)...)
		body = append(body, signed.Signature...)
	}
	return body, isWhole && count > 1
}

func TestResultVectors(t *testing.T) {
	vectors.Judge(t, "results.json", func(t *testing.T, given vectors.Fields) (yields, string) {
		to, err := payment.ParseReaderPayment(given.Bytes("reader_payment"))
		check(t, err)
		public := given.Bytes("manifest_public_key")
		manifest := &trust.Manifest{KeyManifest: &keysv1.KeyManifest{Keys: []*keysv1.ManifestKey{{
			KeyId:       strictsig.KeyID(public),
			Purpose:     keysv1.KeyPurpose_KEY_PURPOSE_PROCESSOR_RESULT,
			PublicKey:   public,
			NotBeforeMs: number(t, given.Text("manifest_not_before_ms")),
			NotAfterMs:  number(t, given.Text("manifest_not_after_ms")),
		}}}}
		result, err := manifest.VerifyAnswer(&paymentv1.SignedResult{
			Result: given.Bytes("result"), Signature: given.Bytes("signature"), KeyId: given.Bytes("key_id"),
		}, to)
		return yields{
			"outcome":       strings.TrimPrefix(result.GetOutcome().String(), "OUTCOME_"),
			"record_number": result.GetRecordNumber(),
		}, verdictOf(err)
	})
}

func TestErrorVectors(t *testing.T) {
	vectors.Judge(t, "errors.json", func(t *testing.T, given vectors.Fields) (yields, string) {
		wire := new(spb.Status)
		check(t, proto.Unmarshal(given.Bytes("status"), wire))
		meaning, isOurs := mesh.MeaningOf(status.FromProto(wire))
		if !isOurs {
			return nil, string(payment.Internal)
		}
		gives := yields{
			"code":        meaning.Code,
			"grpc_status": strconv.Itoa(int(wire.Code)),
			"certainty":   "CERTAINTY_" + meaning.Certainty,
			"next_step":   "NEXT_STEP_" + meaning.NextStep,
		}
		if len(meaning.Fields) > 0 {
			gives["field"] = meaning.Fields[0].Field
		}
		gives["retry_after_ms"] = strconv.FormatInt(meaning.RetryAfter.Milliseconds(), 10)
		return gives, vectors.Accepted
	})
}

func TestSaltSessionVectors(t *testing.T) {
	vectors.Judge(t, "salt-sessions.json", func(t *testing.T, given vectors.Fields) (yields, string) {
		if given.Text("side") == "client" {
			return saltClient(given)
		}
		return saltServer(t, given)
	})
}

func saltClient(given vectors.Fields) (yields, string) {
	start := time.Unix(0, 0)
	client, err := salt.NewClient(vectors.Repeated(0x72), seeded(0x71), start)
	if err == nil {
		err = client.ReceiveM2(given.Bytes("m2"), start)
	}
	if err != nil {
		return nil, verdictOf(err)
	}
	server, err := client.ReceiveM3(given.Bytes("m3"), start)
	if err != nil {
		return nil, verdictOf(err)
	}
	m4, _, err := client.Accept(start)
	return yields{
		"m1":                hex.EncodeToString(client.M1),
		"server_public_key": hex.EncodeToString(server.Bytes()),
		"m4":                hex.EncodeToString(m4),
	}, verdictOf(err)
}

func saltServer(t *testing.T, given vectors.Fields) (yields, string) {
	start := time.Unix(0, 0)
	server, err := salt.NewServer(vectors.Repeated(0x74), seeded(0x73), given.Bytes("m1"), start)
	if err != nil {
		return nil, verdictOf(err)
	}
	channel, err := server.ReceiveM4(given.Bytes("m4"), start)
	if err != nil {
		return nil, verdictOf(err)
	}
	at := start.Add(time.Duration(number(t, given.Text("packets_at_ms"))) * time.Millisecond)
	var opened []string
	for _, packet := range given.List("packets") {
		data, err := channel.Open(packet, at)
		if err != nil {
			return nil, verdictOf(err)
		}
		opened = append(opened, hex.EncodeToString(data))
	}
	return yields{
		"m2":                hex.EncodeToString(server.M2),
		"m3":                hex.EncodeToString(server.M3),
		"client_public_key": hex.EncodeToString(channel.Peer.Bytes()),
		"data":              strings.Join(opened, " "),
	}, vectors.Accepted
}

// verdictOf: outward every refusal of sealed data is the same.
func verdictOf(err error) string {
	if err == nil {
		return vectors.Accepted
	}
	if refusal, ok := errors.AsType[*payment.Error](err); ok {
		return string(refusal.Code)
	}
	if _, ok := errors.AsType[*salt.RejectedError](err); ok || errors.Is(err, sealed.ErrRejected) {
		return string(payment.SealedDataRejected)
	}
	if errors.Is(err, trust.ErrResult) {
		return string(payment.SignatureRejected)
	}
	return fmt.Sprintf("an error that is no refusal: %v", err)
}

func seeded(b byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, 32)) }

func privateKey(t *testing.T, raw []byte) *ecdh.PrivateKey {
	t.Helper()
	private, err := ecdh.X25519().NewPrivateKey(raw)
	check(t, err)
	return private
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	parsed, err := strconv.ParseInt(text, 10, 64)
	check(t, err)
	return parsed
}
