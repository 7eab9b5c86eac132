import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Dice } from "../../chaos/dice.ts";
import { garbage, length, pickWeighted } from "./chance.ts";

const DEPTH_MAX = 4;
const REPEATED_MAX = 3;
/** A field that is not as the contract has it. */
const WRONG_SHARE = 0.04;

/** What programs look up, parse or compare. */
const TEXTS = [
  "",
  "TILL0001",
  "CORNERCOFFEE001",
  "SIM-0001",
  "visa",
  "1234",
  "EUR",
  "http://127.0.0.1:1/hook",
  "somebody@cardlane.example",
  "+37120000000",
  "01a2063e-c04f-79b0-9c2b-84ad41c175ab",
  "A179-CHVK-DAV8",
  "\0",
  "‮ \u{1f4b3}",
  "%00../../",
];

/**
 * Bytes of a message of this type with fields of the right kind and any value, now and then with
 * one that is of another kind, unknown or cut.
 */
export function messageBytes(desc: DescMessage, dice: Dice): Buffer {
  const bytes = Buffer.from(message(desc, dice, 0));
  if (!dice.happens(WRONG_SHARE)) return bytes;
  return bytes.subarray(0, dice.between(0, bytes.byteLength));
}

function message(desc: DescMessage, dice: Dice, depth: number): Uint8Array {
  const writer = new BinaryWriter();
  for (const field of desc.fields) {
    if (dice.happens(0.4)) continue;
    const count = field.fieldKind === "list" ? dice.between(0, REPEATED_MAX) : 1;
    for (let one = 0; one < count; one += 1) writeField(writer, field, dice, depth);
  }
  if (dice.happens(WRONG_SHARE)) {
    writer.tag(dice.between(1, 20_000), WireType.LengthDelimited).bytes(garbage(dice, 9));
  }
  return writer.finish();
}

function writeField(writer: BinaryWriter, field: DescField, dice: Dice, depth: number): void {
  const { number } = field;
  if (dice.happens(WRONG_SHARE)) {
    writer.tag(number, dice.between(0, 5) as WireType).raw(garbage(dice, 4));
    return;
  }
  const delimited = (bytes: Uint8Array) =>
    writer.tag(number, WireType.LengthDelimited).bytes(bytes);
  if (field.message !== undefined) {
    delimited(depth < DEPTH_MAX ? message(field.message, dice, depth + 1) : new Uint8Array(0));
    return;
  }
  switch (field.scalar) {
    case ScalarType.STRING:
      delimited(text(dice));
      break;
    case ScalarType.BYTES:
      delimited(garbage(dice, length(dice)));
      break;
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
    case ScalarType.DOUBLE:
      writer.tag(number, WireType.Bit64).raw(garbage(dice, 8));
      break;
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
    case ScalarType.FLOAT:
      writer.tag(number, WireType.Bit32).raw(garbage(dice, 4));
      break;
    default:
      writer.tag(number, WireType.Varint).uint64(integer(dice));
  }
}

function text(dice: Dice): Buffer {
  return pickWeighted<() => Buffer>(dice, [
    [8, () => Buffer.from(dice.pick(TEXTS))],
    [1, () => garbage(dice, length(dice))],
    [1, () => Buffer.alloc(length(dice), "x")],
  ])();
}

function integer(dice: Dice): bigint {
  return pickWeighted<() => bigint>(dice, [
    [5, () => BigInt(dice.between(0, 5))],
    [2, () => BigInt(dice.between(0, 2_000_000_000))],
    [1, () => dice.pick([2n ** 31n, 2n ** 32n - 1n, 2n ** 63n, 2n ** 64n - 1n])],
  ])();
}
