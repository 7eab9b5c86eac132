package processor

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	meshv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/mesh/v1"
	pinv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/pin/v1"
	"github.com/cardlane/cardlane/clients/go/sealed"
	"github.com/cardlane/cardlane/clients/go/strictsig"
)

// pinLabel stands where a relay id stands in the boxes between relay and processor.
const pinLabel = "PN"

// verdictWithin is how long the PIN service may take.
const verdictWithin = 5 * time.Second

var outcomeOf = map[pinv1.Verdict]pinOutcome{
	pinv1.Verdict_VERDICT_VERIFIED:       pinVerified,
	pinv1.Verdict_VERDICT_WRONG:          pinWrong,
	pinv1.Verdict_VERDICT_TRIES_EXCEEDED: pinTriesUsed,
	pinv1.Verdict_VERDICT_REFUSED:        pinNotForThis,
	pinv1.Verdict_VERDICT_UNAVAILABLE:    pinUnavailable,
}

// PINs asks a PIN service. It is simple, not fast: one stream for each box of payments.
type PINs struct {
	client      pinv1.PinServiceClient
	hop         *sealed.Hop
	own, theirs []byte
	instance    string
}

// NewPINs takes the processor's own key for this hop and the PIN service's public one.
func NewPINs(
	client pinv1.PinServiceClient, own *ecdh.PrivateKey, theirs []byte, instance string,
) (*PINs, error) {
	hop, err := sealed.NewHop(own, theirs, pinLabel)
	return &PINs{
		client: client, hop: hop, instance: instance,
		own: strictsig.KeyID(own.PublicKey().Bytes()), theirs: strictsig.KeyID(theirs),
	}, err
}

// verify gives one outcome for each question, in their order.
func (p *PINs) verify(ctx context.Context, questions []*pinv1.PinVerification) ([]pinOutcome, error) {
	ctx, cancel := context.WithTimeout(ctx, verdictWithin)
	defer cancel()
	for i, question := range questions {
		question.RequestNumber = uint64(i) + 1
	}
	message, err := proto.Marshal(&pinv1.PinVerifications{Verifications: questions})
	if err != nil {
		return nil, err
	}
	defer clear(message)
	box, err := p.hop.Seal(rand.Reader, sealed.Request, message)
	if err != nil {
		return nil, err
	}
	stream, err := p.client.Verify(ctx)
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		stream.Send(&pinv1.VerifyRequest{Frame: &pinv1.VerifyRequest_Hello{Hello: helloOf(p.instance)}}),
		stream.Send(&pinv1.VerifyRequest{Frame: &pinv1.VerifyRequest_Box{Box: &pinv1.PinBox{
			Number: 1, ProcessorKeyId: p.own, PinServiceKeyId: p.theirs, Sealed: box,
		}}}))
	if err != nil {
		return nil, err
	}
	outcomes := make([]pinOutcome, len(questions))
	for answered := 0; answered < len(questions); {
		response, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		n, err := take(response, outcomes)
		if err != nil {
			return nil, err
		}
		answered += n
	}
	goodbye := &pinv1.VerifyRequest_Close{Close: &meshv1.Close{FramesReceived: 1}}
	return outcomes, errors.Join(
		stream.Send(&pinv1.VerifyRequest{Frame: goodbye}), stream.CloseSend())
}

// take gives the number of verdicts in a frame.
func take(response *pinv1.VerifyResponse, outcomes []pinOutcome) (int, error) {
	switch f := response.Frame.(type) {
	case *pinv1.VerifyResponse_BoxRefused:
		return 0, fmt.Errorf("the PIN service refused the box: %s", f.BoxRefused.GetFault().GetCode())
	case *pinv1.VerifyResponse_Verdicts:
		for _, verdict := range f.Verdicts.Verdicts {
			outcome, ok := outcomeOf[verdict.Verdict]
			at := verdict.RequestNumber - 1
			if !ok || at >= uint64(len(outcomes)) || outcomes[at] != notAsked {
				return 0, errors.New("a verdict that nobody asked for")
			}
			outcomes[at] = outcome
		}
		return len(f.Verdicts.Verdicts), nil
	default:
		return 0, nil
	}
}
