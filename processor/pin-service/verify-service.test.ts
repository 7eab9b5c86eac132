import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import type {
  PinService,
  VerifyRequest,
  VerifyResponse,
} from "../../gen/cardlane/pin/v1/pin_pb.ts";
import type { MethodsOf } from "../../mesh/service.ts";
import { frameStreamPair } from "../../mesh/testing/frame-stream-pair.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { Pan } from "../../payment/card.ts";
import { nodeCurves } from "../../sealing/curves/node-curves.ts";
import { seededRandom } from "../../sealing/testing/seeded-random.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { readProcessorKeys } from "../keys/processor-keys.ts";
import { PinClient, type PinQuestion } from "../pins/pin-client.ts";
import { processorAround } from "../testing/processor-around.ts";
import { readPinKeys } from "./pin-keys.ts";
import type { PinVerifier } from "./pin-verifier.ts";
import { verifyService } from "./verify-service.ts";

const clock = new ManualClock();
const keys = new TestKeys({ nowMs: clock.nowMs() });
afterAll(() => keys[Symbol.dispose]());

/** More than may be worked on at the same time. */
const BOXES = 40;
const TURNS_MAX = 50;

const question: PinQuestion = {
  contextBytes: Uint8Array.of(1),
  pinBox: new Uint8Array(176).fill(7),
  pan: Pan.parse("4242424242424242"),
  digest: new Uint8Array(64).fill(9),
  dukptInitialKeyId: new Uint8Array(8),
  traceparent: "",
};

/** Answers nothing until `settle`, then everything that waits at once, as one statement does. */
class PlayedVerifier implements Pick<PinVerifier, "verify"> {
  #waiting: PromiseWithResolvers<Awaited<ReturnType<PinVerifier["verify"]>>>[] = [];
  mostAtOnce = 0;

  verify(): ReturnType<PinVerifier["verify"]> {
    const answer = Promise.withResolvers<Awaited<ReturnType<PinVerifier["verify"]>>>();
    this.#waiting.push(answer);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#waiting.length);
    return answer.promise;
  }

  settle(): void {
    const settled = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of settled) resolve({ verdict: "VERIFIED", triesLeft: 3 });
  }
}

/** Resolves when its stream is up: from then on each question is a box of its own. */
async function clientOf(verifier: PlayedVerifier): Promise<PinClient> {
  const isUp = Promise.withResolvers<void>();
  const around = processorAround(clock, seededRandom("verify service"));
  const pinKeys = readPinKeys(keys.folder("pin-service"), nodeCurves);
  const { methods } = verifyService(pinKeys, verifier, around);
  const verify = methods.verify as NonNullable<MethodsOf<typeof PinService>["verify"]>;
  const open = () => {
    const pair = frameStreamPair<VerifyRequest, VerifyResponse>();
    verify(pair.server);
    return pair.client;
  };
  const processorKeys = readProcessorKeys({
    folder: keys.folder("processor"),
    curves: nodeCurves,
    nowMs: clock.nowMs(),
    onRenewalFailed: () => expect.unreachable(),
  });
  const client = new PinClient(open, processorKeys, around, () => isUp.resolve());
  await isUp.promise;
  return client;
}

test("boxes that are answered at the same time make room for all that wait", async () => {
  const verifier = new PlayedVerifier();
  await using client = await clientOf(verifier);
  const verdicts: string[] = [];
  for (let box = 0; box < BOXES; box += 1) {
    void client.verify(question).then((verdict) => verdicts.push(verdict));
    await nextTurn();
  }
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    await nextTurn();
    verifier.settle();
  }
  expect(verdicts).toEqual(Array.from({ length: BOXES }, () => "VERIFIED"));
  expect(verifier.mostAtOnce).toBe(16);
});
