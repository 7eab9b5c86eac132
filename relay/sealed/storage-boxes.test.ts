import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { SignedPaymentSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { seededRandom } from "../../sealing/testing/seeded-random.ts";
import { StorageBoxes, slotOf } from "./storage-boxes.ts";

const random = seededRandom("storage boxes");
const KEYS = new Map([
  [41, random.bytes(32)],
  [42, random.bytes(32)],
]);
const keys = {
  present: { minute: 42, key: KEYS.get(42) ?? new Uint8Array() },
  of: (minute: number) => KEYS.get(minute),
};
const boxes = new StorageBoxes(keys, random);
const contextBytes = random.bytes(210);
const payment = create(SignedPaymentSchema, {
  readerPayment: random.bytes(700),
  signature: random.bytes(64),
});

function sealed(): Uint8Array {
  const [box] = boxes.seal([{ payment, contextBytes }]).boxes;
  if (box === undefined) throw new Error("nothing was sealed");
  return box;
}

test("what was sealed opens, and nothing of it can be read before", () => {
  const box = sealed();
  expect(boxes.open(box)).toEqual({ payment, contextBytes: Buffer.from(contextBytes) });
  const bytes = Buffer.from(box);
  expect(bytes.includes(payment.readerPayment)).toBe(false);
  expect(bytes.includes(Buffer.from(payment.readerPayment.subarray(100, 116)))).toBe(false);
  expect(bytes.includes(payment.signature)).toBe(false);
});

test("the same payment gives another box each time, in the table of its minute", () => {
  const both = boxes.seal([
    { payment, contextBytes },
    { payment, contextBytes },
  ]);
  expect(both.boxes[0]).not.toEqual(both.boxes[1]);
  expect(both.slot).toBe(slotOf(42));
});

test("without its key the context is left", () => {
  const forgetful = new StorageBoxes({ ...keys, of: () => undefined }, random);
  expect(forgetful.open(sealed())).toEqual({
    payment: undefined,
    contextBytes: Buffer.from(contextBytes),
  });
});

test.each([
  { what: "the key of another minute", at: 4, opens: true },
  { what: "another version", at: 0, opens: false },
  { what: "another nonce", at: 7 + 210, opens: true },
  { what: "another tag", at: 7 + 210 + 24, opens: true },
  { what: "another ciphertext", at: -1, opens: true },
])("a box with $what gives no payment", ({ at, opens }) => {
  const box = sealed();
  const place = at < 0 ? box.length + at : at;
  box[place] = (box[place] ?? 0) ^ 3;
  expect(boxes.open(box)?.payment).toBeUndefined();
  expect(boxes.open(box) !== undefined).toBe(opens);
});

test("no beginning of a box opens, and none throws", () => {
  const box = sealed();
  for (let length = 0; length < box.length; length += 1) {
    expect(boxes.open(box.subarray(0, length))?.payment).toBeUndefined();
  }
});
