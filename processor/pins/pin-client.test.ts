import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, expect, test } from "vitest";
import {
  type PinVerification,
  PinVerificationsSchema,
  Verdict,
  type VerifyRequest,
  VerifyRequestSchema,
  type VerifyResponse,
  VerifyResponseSchema,
} from "../../gen/cardlane/pin/v1/pin_pb.ts";
import type { LiveStream } from "../../mesh/stream/live-stream.ts";
import { liveStream } from "../../mesh/stream/stream-life.ts";
import { type FrameStreamPair, frameStreamPair } from "../../mesh/testing/frame-stream-pair.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { Pan } from "../../payment/card.ts";
import { openHopBox } from "../../sealing/boxes/hop-box.ts";
import { nodeCurves } from "../../sealing/curves/node-curves.ts";
import { seededRandom } from "../../sealing/testing/seeded-random.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { readProcessorKeys } from "../keys/processor-keys.ts";
import { readPinKeys } from "../pin-service/pin-keys.ts";
import { processorAround } from "../testing/processor-around.ts";
import { PIN_HOP_ID, PinClient, type PinQuestion } from "./pin-client.ts";

const clock = new ManualClock();
const keys = new TestKeys({ nowMs: clock.nowMs() });
afterAll(() => keys[Symbol.dispose]());

type Pair = FrameStreamPair<VerifyRequest, VerifyResponse>;

/** A PIN service that says `verdict` to everything, or nothing at all. */
class PlayedPinService {
  readonly asked: PinVerification[] = [];
  readonly frames: VerifyRequest[] = [];
  readonly pairs: Pair[] = [];
  readonly reachable: boolean[] = [];
  verdict: Verdict | "silent" = Verdict.VERIFIED;
  triesLeft = 3;
  readonly #keys = readPinKeys(keys.folder("pin-service"), nodeCurves);

  /** A client whose streams end here. */
  client(): PinClient {
    const processorKeys = readProcessorKeys({
      folder: keys.folder("processor"),
      curves: nodeCurves,
      nowMs: clock.nowMs(),
      onRenewalFailed: () => expect.unreachable(),
    });
    const around = processorAround(clock, seededRandom("pin client"));
    const open = () => this.#accept();
    return new PinClient(open, processorKeys, around, (isUp) => this.reachable.push(isUp));
  }

  #accept(): Pair["client"] {
    const pair: Pair = frameStreamPair();
    this.pairs.push(pair);
    const live = liveStream<typeof VerifyResponseSchema, VerifyRequest>(pair.server, {
      role: "server",
      schema: VerifyResponseSchema,
      program: "pin-service",
      instance: "pin-1",
      clock,
      jitter: () => 0.5,
    });
    live.onFrame((frame) => this.#answer(frame, live));
    return pair.client;
  }

  #answer(frame: VerifyRequest, live: LiveStream<VerifyResponse, VerifyRequest>): void {
    this.frames.push(frame);
    const box = frame.frame.value as { sealed: Uint8Array };
    const payload = openHopBox({
      sharedKeys: this.#keys.hop.sharedKeys,
      peerPublicKey: this.#keys.processorHop,
      direction: "request",
      relayId: PIN_HOP_ID,
      box: box.sealed,
    });
    const { verifications } = fromBinary(PinVerificationsSchema, payload);
    this.asked.push(...verifications);
    const { verdict } = this;
    const verdicts =
      verdict === "silent"
        ? []
        : verifications.map(({ requestNumber }) => ({
            requestNumber,
            verdict,
            triesLeft: this.triesLeft,
          }));
    live.send(create(VerifyResponseSchema, { frame: { case: "verdicts", value: { verdicts } } }));
  }
}

const question: PinQuestion = {
  contextBytes: Uint8Array.of(1),
  pinBox: new Uint8Array(176).fill(7),
  pan: Pan.parse("4242424242424242"),
  digest: new Uint8Array(64).fill(9),
  dukptInitialKeyId: new Uint8Array(8),
  traceparent: "",
};

test.each([
  { verdict: Verdict.VERIFIED, outcome: "VERIFIED" },
  { verdict: Verdict.WRONG, outcome: "WRONG" },
  { verdict: Verdict.WRONG, triesLeft: 0, outcome: "TRIES_EXCEEDED" },
  { verdict: Verdict.TRIES_EXCEEDED, outcome: "TRIES_EXCEEDED" },
  { verdict: Verdict.REFUSED, outcome: "REFUSED" },
])("verdict $verdict means $outcome", async ({ verdict, triesLeft = 2, outcome }) => {
  const service = new PlayedPinService();
  service.verdict = verdict;
  service.triesLeft = triesLeft;
  await using client = service.client();
  expect(await Promise.all([client.verify(question), client.verify(question)])).toEqual([
    outcome,
    outcome,
  ]);
  expect(service.frames).toHaveLength(1);
});

test.each([{ verdict: Verdict.UNAVAILABLE }, { verdict: Verdict.UNSPECIFIED }])(
  "verdict $verdict is no decision",
  async ({ verdict }) => {
    const service = new PlayedPinService();
    service.verdict = verdict;
    await using client = service.client();
    await expect(client.verify(question)).rejects.toMatchObject({
      code: "UPSTREAM_NOT_REACHED",
    });
  },
);

test("a question that was on a stream which broke is asked again on the next", async () => {
  const service = new PlayedPinService();
  service.verdict = "silent";
  await using client = service.client();
  const outcome = client.verify(question);
  await clock.advance(1);
  expect(service.asked).toHaveLength(1);
  service.verdict = Verdict.WRONG;
  service.pairs[0]?.cut();
  await clock.advance(1_000);
  expect(await outcome).toBe("WRONG");
  expect(service.asked).toHaveLength(2);
  expect(service.reachable).toEqual([true, false, true]);
});

test("without an answer for five seconds nothing is decided", async () => {
  const service = new PlayedPinService();
  service.verdict = "silent";
  await using client = service.client();
  const refused = expect(client.verify(question)).rejects.toMatchObject({
    code: "UPSTREAM_NOT_REACHED",
  });
  await clock.advance(5_000);
  await refused;
});

test("the card number does not travel in clear", async () => {
  const service = new PlayedPinService();
  await using client = service.client();
  await client.verify(question);
  expect(service.asked[0]?.pan).toBe("4242424242424242");
  const sent = Buffer.concat(service.frames.map((frame) => toBinary(VerifyRequestSchema, frame)));
  expect(sent.includes("4242424242424242")).toBe(false);
});
