// What one operation of relay, processor or PIN service costs on each backend, in microseconds.
//
//     node bench/questions/curves.ts [rounds]
//
// All in one process; the backends take turns in short rounds, and the lower quartile of the rounds
// counts: a busy machine makes some rounds slow, never one fast.

import { systemClock } from "../../mesh/clock.ts";
import { sealBox } from "../../sealing/boxes/sealed-box.ts";
import type { Curves } from "../../sealing/curves/curves.ts";
import { generateAgreement, generateSigner } from "../../sealing/curves/curves.ts";
import { nodeCurves } from "../../sealing/curves/node-curves.ts";
import {
  nonceBytes,
  type SecretBox,
  sodiumSecretBox,
  tweetnaclSecretBox,
} from "../../sealing/curves/secret-box.ts";
import { sodium } from "../../sealing/curves/sodium.ts";
import { sodiumCurves } from "../../sealing/curves/sodium-curves.ts";
import { tweetnaclCurves } from "../../sealing/curves/tweetnacl-curves.ts";
import { openSealedBox } from "../../sealing/open/boxes.ts";
import { systemRandom as random } from "../../sealing/random.ts";

const ROUNDS = 60;
const ROUND_MS = 5;
/** A reader_payment without PIN box, and the plaintext of a card box. */
const PAYMENT_BYTES = 800;
const CARD_BYTES = 512;

type Operation = () => void;

/** Column → row → what to repeat. */
const operations: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  node: { ...curveOperations(nodeCurves) },
  tweetnacl: { ...curveOperations(tweetnaclCurves), ...boxOperations(tweetnaclSecretBox) },
  ...(sodium === undefined
    ? {}
    : {
        sodium: {
          ...curveOperations(sodiumCurves(sodium)),
          ...boxOperations(sodiumSecretBox(sodium)),
        },
      }),
};

report(measure(Number(process.argv[2] ?? ROUNDS)));

function curveOperations(curves: Curves): Record<string, Operation> {
  const { signer } = generateSigner({ curves, random });
  const { agreement } = generateAgreement({ curves, random });
  const verifier = curves.verifier(signer.publicKey);
  const message = random.bytes(PAYMENT_BYTES);
  const signature = signer.sign(message);
  const peer = generateAgreement({ curves, random }).agreement.publicKey;
  const recipientPublicKey = agreement.publicKey;
  const sealed = sealBox({ curves, random, recipientPublicKey, message: random.bytes(CARD_BYTES) });
  return {
    verify: () => void verifier.verify(message, signature),
    "import a key and verify": () =>
      void curves.verifier(signer.publicKey).verify(message, signature),
    sign: () => void signer.sign(message),
    "agree on a key": () => void agreement.sharedKey(peer),
    "open a sealed box": () => void openSealedBox({ agreement, sealed }),
  };
}

function boxOperations(secretBox: SecretBox): Record<string, Operation> {
  const [message, nonce, key] = [
    random.bytes(CARD_BYTES),
    random.bytes(nonceBytes),
    random.bytes(32),
  ];
  const box = secretBox.seal(message, nonce, key);
  return {
    [`secret box, seal ${CARD_BYTES} B`]: () => void secretBox.seal(message, nonce, key),
    [`secret box, open ${CARD_BYTES} B`]: () => void secretBox.open(box, nonce, key),
  };
}

/** Column → row → microseconds of each round. */
function measure(rounds: number): Map<string, Map<string, number[]>> {
  const measured = new Map<string, Map<string, number[]>>();
  for (let round = 0; round < rounds; round += 1) {
    for (const [backend, rows] of Object.entries(operations)) {
      const column = measured.get(backend) ?? new Map<string, number[]>();
      measured.set(backend, column);
      for (const [name, operation] of Object.entries(rows)) {
        column.set(name, [...(column.get(name) ?? []), microsecondsOf(operation)]);
      }
    }
  }
  return measured;
}

function microsecondsOf(operation: Operation): number {
  const start = systemClock.monotonicMs();
  let count = 0;
  let elapsedMs = 0;
  while (elapsedMs < ROUND_MS) {
    operation();
    count += 1;
    elapsedMs = systemClock.monotonicMs() - start;
  }
  return (elapsedMs * 1_000) / count;
}

function report(measured: ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>): void {
  const rows = new Set([...measured.values()].flatMap((column) => [...column.keys()]));
  const columns = [...measured.keys()];
  console.log(`${"µs per operation".padEnd(26)}${columns.map((one) => one.padStart(12)).join("")}`);
  for (const row of rows) {
    const cells = columns.map((column) => {
      const micros = measured.get(column)?.get(row);
      return (micros === undefined ? "–" : lowerQuartile(micros).toFixed(1)).padStart(12);
    });
    console.log(`${row.padEnd(26)}${cells.join("")}`);
  }
}

function lowerQuartile(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 4)] ?? Number.NaN;
}
