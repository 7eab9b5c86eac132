import { describe, expect, test } from "vitest";
import vectors from "../../test/vectors/aes-dukpt-iso9564-format4.json" with { type: "json" };
import { DukptRegister, deriveInitialKey, keySerialNumber } from "../pin/dukpt.ts";
import { refusalOf } from "../testing/refusal-of.ts";
import { derivePinKey, deriveTransactionKey, parseKsn } from "./dukpt-host.ts";

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex").toUpperCase();
const baseDerivationKey = bytesOf(vectors.bdk);
const initialKeyId = bytesOf(vectors.initial_key_id);
const newDevice = () =>
  DukptRegister.load(initialKeyId, deriveInitialKey(baseDerivationKey, initialKeyId));

test("the initial key is the published one", () => {
  expect(hexOf(deriveInitialKey(baseDerivationKey, initialKeyId))).toBe(vectors.initial_key);
});

test.each([...vectors.transactions, vectors.far_counter])(
  "the derivation key of counter $counter is the published one",
  ({ counter, derivation_key }) => {
    const key = deriveTransactionKey(bytesOf(vectors.initial_key), initialKeyId, counter);
    expect(hexOf(key)).toBe(derivation_key);
  },
);

test.each(vectors.transactions)("the PIN key of counter $counter is the published one", (row) => {
  const ksn = keySerialNumber(initialKeyId, row.counter);
  expect(hexOf(derivePinKey(baseDerivationKey, ksn))).toBe(row.pin_encryption_key);
});

test("the device gives the published PIN keys in their order", () => {
  const device = newDevice();
  const given = vectors.transactions.map(() => device.nextPinKey());
  expect(given.map(({ ksn }) => parseKsn(ksn).counter)).toEqual([1, 2, 3]);
  expect(given.map(({ pinKey }) => hexOf(pinKey))).toEqual(
    vectors.transactions.map((row) => row.pin_encryption_key),
  );
});

test("device and host agree on the first 2,000 payments", () => {
  const device = newDevice();
  for (let counter = 1; counter <= 2_000; counter += 1) {
    const { ksn, pinKey } = device.nextPinKey();
    expect(parseKsn(ksn)).toEqual({ initialKeyId, counter });
    expect(pinKey).toEqual(derivePinKey(baseDerivationKey, ksn));
  }
});

test.each([
  { name: "15 one-bits", from: 0x7fff, counters: [0x7fff, 0x8000, 0x8001] },
  { name: "16 one-bits", from: 0xffff, counters: [0xffff, 0x1_0000, 0x1_0001] },
  { name: "17 one-bits ahead", from: 0x1_fffe, counters: [0x1_fffe, 0x2_0000, 0x2_0001] },
  { name: "a gap of many", from: 0x7fff_8000, counters: [0x7fff_8000, 0x8000_0000, 0x8000_0001] },
  { name: "the top bit", from: 0xfffe_0000, counters: [0xfffe_0000, 0xfffe_0001, 0xfffe_0002] },
])("counters are skipped after $name", ({ from, counters }) => {
  const device = deviceAt(from);
  const given = counters.map(() => device.nextPinKey());
  expect(given.map(({ ksn }) => parseKsn(ksn).counter)).toEqual(counters);
  expect(given.map(({ pinKey }) => pinKey)).toEqual(
    given.map(({ ksn }) => derivePinKey(baseDerivationKey, ksn)),
  );
});

test("after the last counter the device gives no more", () => {
  const device = deviceAt(0xffff_0000);
  const { ksn, pinKey } = device.nextPinKey();
  expect(pinKey).toEqual(derivePinKey(baseDerivationKey, ksn));
  expect(() => device.nextPinKey()).toThrow("the reader has used all its PIN keys");
  const again = DukptRegister.parse(device.serialize());
  expect(() => again.nextPinKey()).toThrow("the reader has used all its PIN keys");
});

test("a device continues from what it stored", () => {
  let device = newDevice();
  for (let counter = 1; counter <= 300; counter += 1) {
    device = DukptRegister.parse(device.serialize());
    const { ksn, pinKey } = device.nextPinKey();
    expect(parseKsn(ksn).counter).toBe(counter);
    expect(pinKey).toEqual(derivePinKey(baseDerivationKey, ksn));
  }
});

describe("what a stolen device holds", () => {
  test("is none of the keys it used, nor what they came from", () => {
    const device = newDevice();
    const used = Array.from({ length: 40 }, () => hexOf(device.nextPinKey().pinKey));
    const ancestors = Array.from({ length: 40 }, (_, index) =>
      hexOf(deriveTransactionKey(bytesOf(vectors.initial_key), initialKeyId, index + 1)),
    );
    const stored = hexOf(device.serialize());
    const found = [...used, ...ancestors, vectors.initial_key, vectors.bdk].filter((key) =>
      stored.includes(key),
    );
    expect(found).toEqual([]);
  });

  test("is the key of the next payment", () => {
    const stored = hexOf(newDevice().serialize());
    expect(stored).toContain(vectors.transactions[0]?.derivation_key);
  });
});

test.each([
  { name: "one byte short", change: (state: Uint8Array) => state.subarray(1) },
  { name: "another version", change: (state: Uint8Array) => state.with(0, 2) },
  { name: "the counter one back", change: (state: Uint8Array) => state.with(12, 3) },
  { name: "the counter one on", change: (state: Uint8Array) => state.with(12, 5) },
  { name: "no counter", change: (state: Uint8Array) => state.with(12, 0) },
  { name: "a counter of 17 one-bits", change: (state: Uint8Array) => state.fill(255, 9, 13) },
  { name: "a key missing", change: (state: Uint8Array) => state.fill(0, 525 - 16) },
  { name: "a key too many", change: (state: Uint8Array) => state.with(13, 1) },
])("a stored register with $name is refused", ({ change }) => {
  const device = newDevice();
  device.nextPinKey();
  device.nextPinKey();
  device.nextPinKey();
  const state = change(device.serialize());
  expect(() => DukptRegister.parse(state)).toThrow(/^a DUKPT register /);
});

test("a stored register whose counter is always skipped is refused", () => {
  expect(() => deviceAt(0x1_ffff)).toThrow("a DUKPT register does not match its counter");
});

test.each([
  { name: "11 bytes", ksn: new Uint8Array(11).fill(1) },
  { name: "counter 0", ksn: keySerialNumber(initialKeyId, 0) },
  { name: "17 one-bits", ksn: keySerialNumber(initialKeyId, 0x1_ffff) },
  { name: "32 one-bits", ksn: keySerialNumber(initialKeyId, 0xffff_ffff) },
])("the host refuses a KSN with $name", ({ ksn }) => {
  expect(refusalOf(() => derivePinKey(baseDerivationKey, ksn))).toBe("key serial number");
});

/** A device that has used every counter before this one, by the host's knowledge of all keys. */
function deviceAt(counter: number): DukptRegister {
  const state = new Uint8Array(525);
  state[0] = 1;
  state.set(keySerialNumber(initialKeyId, counter), 1);
  const lowest = 31 - Math.clz32(counter & -counter);
  for (let position = lowest; position < 32; position += 1) {
    const above = Math.floor(counter / 2 ** (position + 1)) * 2 ** (position + 1);
    const isOne = position !== lowest && Math.floor(counter / 2 ** position) % 2 === 1;
    const key = deriveTransactionKey(
      bytesOf(vectors.initial_key),
      initialKeyId,
      above + 2 ** position,
    );
    state.set(key.fill(0, isOne ? 0 : key.length), 13 + 16 * position);
  }
  return DukptRegister.parse(state);
}
