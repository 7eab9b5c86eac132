import { expect, test } from "vitest";
import { SignedEnvelopeSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { CLOCK_TOLERANCE_MS } from "../../payment/clock-difference.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import { MANIFEST_LIFE_MS } from "../../sealing/keys/manifest.ts";
import { errorFrom } from "../../test/error-from.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { CurrentManifest, readOrRenewManifest } from "./manifest-renewal.ts";

const MADE_MS = 1_767_225_600_000;
const DAY_MS = 86_400_000;

/** Keys whose manifest was made at MADE_MS, as the processor finds them `days` later. */
function manifestAfter(keys: TestKeys, days: number) {
  return readOrRenewManifest({
    folder: keys.folder("processor"),
    curves,
    roots: keys.trustedRoots,
    nowMs: MADE_MS + days * DAY_MS,
  });
}

test.each([
  { days: 0, number: 1n },
  { days: 4, number: 1n },
  { days: 4.001, number: 2n },
  { days: 6.999, number: 2n },
  { days: 30, number: 2n },
])("after $days days the manifest in use has number $number", ({ days, number }) => {
  using keys = new TestKeys({ nowMs: MADE_MS });
  expect(manifestAfter(keys, days).number).toBe(number);
});

test("the renewed manifest has the same keys, seven more days, and is on disk", () => {
  using keys = new TestKeys({ nowMs: MADE_MS });
  const first = manifestAfter(keys, 0);
  const renewed = manifestAfter(keys, 5);
  expect(renewed.wire.keys).toEqual(first.wire.keys);
  expect(Number(renewed.wire.issuedAtMs)).toBe(MADE_MS + 5 * DAY_MS - CLOCK_TOLERANCE_MS);
  expect(Number(renewed.wire.expiresAtMs)).toBe(Number(renewed.wire.issuedAtMs) + MANIFEST_LIFE_MS);
  expect(manifestAfter(keys, 5.5).wire).toEqual(renewed.wire);
});

test("a manifest that was made by a fast clock is replaced once the clock is right", () => {
  using keys = new TestKeys({ nowMs: MADE_MS });
  expect(manifestAfter(keys, 365).number).toBe(2n);
  const healed = manifestAfter(keys, 1);
  expect(healed.number).toBe(3n);
  expect(healed.isValidAt(MADE_MS + DAY_MS)).toBe(true);
});

test("a processor that stays up renews again and again", () => {
  using keys = new TestKeys({ nowMs: MADE_MS });
  const { trustedRoots: roots } = keys;
  const folder = keys.folder("processor");
  const onRenewalFailed = () => expect.unreachable();
  const current = new CurrentManifest({ folder, curves, roots, nowMs: MADE_MS }, onRenewalFailed);
  const numbers = [1, 3, 5, 8, 10, 13].map((days) => current.at(MADE_MS + days * DAY_MS).number);
  expect(numbers).toEqual([1n, 1n, 2n, 2n, 3n, 3n]);
  expect(current.latest.number).toBe(3n);
});

test("a renewal that fails stops nothing before the manifest in use is out of date", () => {
  using keys = new TestKeys({ nowMs: MADE_MS });
  const { trustedRoots: roots } = keys;
  const folder = keys.folder("processor");
  const failures: unknown[] = [];
  const onRenewalFailed = (error: unknown) => failures.push(error);
  const current = new CurrentManifest({ folder, curves, roots, nowMs: MADE_MS }, onRenewalFailed);
  folder.destroyKey("manifest-signer");
  expect(current.at(MADE_MS + 5 * DAY_MS).number).toBe(1n);
  expect(current.at(MADE_MS + 5 * DAY_MS + 59_999).number).toBe(1n);
  expect(failures).toHaveLength(1);
  expect(current.at(MADE_MS + 7 * DAY_MS).number).toBe(1n);
  expect(failures).toHaveLength(2);
  expect(() => current.at(MADE_MS + 7 * DAY_MS + 60_000)).toThrow("no manifest-signer.key.json");
});

test.each([{ days: 0 }, { days: 5 }])(
  "a manifest that was changed is neither used nor renewed after $days days",
  ({ days }) => {
    using keys = new TestKeys({ nowMs: MADE_MS });
    const folder = keys.folder("processor");
    const envelope = folder.readMessage(SignedEnvelopeSchema, "manifest.json");
    envelope.payload = envelope.payload.map((byte, index, all) =>
      index === all.length - 20 ? byte ^ 1 : byte,
    );
    folder.writeMessage(SignedEnvelopeSchema, "manifest.json", envelope);
    expect(errorFrom(() => manifestAfter(keys, days)).code).toBe("KEY_NOT_VALID");
  },
);
