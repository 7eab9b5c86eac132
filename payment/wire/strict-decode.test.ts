import {
  create,
  createFileRegistry,
  type DescMessage,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import {
  Edition,
  type FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EnrolmentSchema, KeyManifestSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  AmountsSchema,
  CardDataSchema,
  PaymentContextSchema,
  ReaderPaymentSchema,
  ResultSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { errorFrom } from "../../test/error-from.ts";
import { encodedMessage } from "../../test/fixtures/encoded-message.ts";
import { encodesToItself } from "../../test/fixtures/encodes-to-itself.ts";
import { damaged, wireFaults } from "../../test/fixtures/wire-faults.ts";
import { PaymentError } from "../errors.ts";
import { isCanonical, strictDecode } from "./strict-decode.ts";

/** Of each schema; fast-check prints the seed and the smallest message that is judged otherwise. */
const RUNS = 400;

/** Everything that is signed or hashed as bytes is declared in these two files. */
const schemas = [...PaymentContextSchema.file.messages, ...KeyManifestSchema.file.messages];

describe.each(schemas)("$typeName", (schema) => {
  test("what encoding gives is accepted", () => {
    const encoded = encodedMessage(schema);
    fc.assert(
      fc.property(encoded, (bytes) => {
        expect(strictDecode(schema, bytes, "it").$typeName).toBe(schema.typeName);
      }),
      { numRuns: RUNS },
    );
  });

  test("after faults the verdict is that of encoding again", () => {
    const verdicts = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(encodedMessage(schema), wireFaults(), (encoded, faults) => {
        const bytes = faults.reduce(damaged, encoded);
        const expected = encodesToItself(schema, bytes) ? "accepted" : "refused";
        verdicts[expected] += 1;
        expect(verdictOn(() => strictDecode(schema, bytes, "it"))).toBe(expected);
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(verdicts.accepted, verdicts.refused)).toBeGreaterThan(RUNS / 10);
  });
});

function verdictOn(decode: () => unknown): string {
  try {
    decode();
    return "accepted";
  } catch (error) {
    return error instanceof PaymentError ? "refused" : String(error);
  }
}

interface Case {
  readonly name: string;
  readonly schema: DescMessage;
  readonly hex: string;
}

const ones = "ff ff ff ff";

const ACCEPTED: readonly Case[] = [
  { name: "nothing at all", schema: ResultSchema, hex: "" },
  { name: "every field in order", schema: ReaderPaymentSchema, hex: "0a 01 aa 12 01 bb 1a 01 cc" },
  { name: "fields left out", schema: ReaderPaymentSchema, hex: "1a 01 cc" },
  { name: "a number of two bytes", schema: AmountsSchema, hex: "08 80 01" },
  { name: "the largest uint32", schema: PaymentContextSchema, hex: `08 ${ones} 0f` },
  { name: "the largest uint64", schema: AmountsSchema, hex: `08 ${ones} ${ones} ff 01` },
  { name: "an int64 below zero", schema: ResultSchema, hex: `80 01 ${ones} ${ones} ff 01` },
  { name: "an enum's unknown value", schema: ResultSchema, hex: "38 7f" },
  { name: "an enum's largest value", schema: ResultSchema, hex: `38 ${ones} 07` },
  { name: "an enum's -1", schema: ResultSchema, hex: `38 ${ones} ${ones} ff 01` },
  { name: "an enum's lowest value", schema: ResultSchema, hex: "38 80 80 80 80 f8 ff ff ff ff 01" },
  { name: "true", schema: PaymentContextSchema, hex: "50 01" },
  { name: "a field number of two bytes", schema: PaymentContextSchema, hex: "a8 01 01" },
  { name: "zero where absence is known", schema: CardDataSchema, hex: "18 00" },
  { name: "zero in 64 bits where absence is known", schema: ResultSchema, hex: "90 01 00" },
  { name: "an empty message", schema: PaymentContextSchema, hex: "42 00" },
  { name: "a message", schema: PaymentContextSchema, hex: "42 04 08 01 10 02" },
  { name: "a list of messages", schema: KeyManifestSchema, hex: "2a 02 10 01 2a 00 2a 02 10 01" },
  { name: "a list of bytes, some empty", schema: EnrolmentSchema, hex: "22 01 aa 22 00 22 01 aa" },
  { name: "letters outside ASCII", schema: ResultSchema, hex: "6a 04 c3 a9 c3 a9" },
  { name: "a byte order mark", schema: ResultSchema, hex: "6a 04 ef bb bf 41" },
  { name: "a length of two bytes", schema: ResultSchema, hex: `72 80 01 ${"00 ".repeat(128)}` },
];

const REFUSED: readonly Case[] = [
  { name: "fields out of order", schema: ReaderPaymentSchema, hex: "12 01 bb 0a 01 aa" },
  { name: "a field twice", schema: ReaderPaymentSchema, hex: "0a 01 aa 0a 01 aa" },
  { name: "a message in two parts", schema: PaymentContextSchema, hex: "42 02 08 01 42 02 10 02" },
  { name: "an unknown field", schema: ReaderPaymentSchema, hex: "0a 01 aa 22 01 bb" },
  { name: "an unknown field in a message", schema: PaymentContextSchema, hex: "42 02 28 01" },
  { name: "a group that nobody knows", schema: ReaderPaymentSchema, hex: "23 24" },
  { name: "a group in place of bytes", schema: ReaderPaymentSchema, hex: "0b 00" },
  { name: "a number with the tag of bytes", schema: AmountsSchema, hex: "0a 01" },
  { name: "a number with the tag of 64 fixed bits", schema: AmountsSchema, hex: "09 01" },
  { name: "bytes with the tag of a number", schema: ReaderPaymentSchema, hex: "08 01 aa" },
  { name: "a list's value with a wrong tag", schema: EnrolmentSchema, hex: "22 01 aa 20 01 aa" },
  { name: "a list that is taken up again", schema: KeyManifestSchema, hex: "2a 00 32 00 2a 00" },
  { name: "a padded number", schema: AmountsSchema, hex: "08 81 00" },
  { name: "a padded zero where absence is known", schema: CardDataSchema, hex: "18 80 00" },
  { name: "a padded tag", schema: AmountsSchema, hex: "88 00 01" },
  { name: "a padded length", schema: ReaderPaymentSchema, hex: "0a 81 00 aa" },
  { name: "a padded length of a message", schema: PaymentContextSchema, hex: "42 80 00" },
  { name: "a padded true", schema: PaymentContextSchema, hex: "50 81 00" },
  { name: "a true that is 2", schema: PaymentContextSchema, hex: "50 02" },
  { name: "false, which is not written", schema: PaymentContextSchema, hex: "50 00" },
  { name: "zero in 32 bits", schema: PaymentContextSchema, hex: "08 00" },
  { name: "zero in 64 bits", schema: AmountsSchema, hex: "08 00" },
  { name: "an enum's zero", schema: ResultSchema, hex: "38 00" },
  { name: "an empty string", schema: ResultSchema, hex: "22 00" },
  { name: "empty bytes", schema: ReaderPaymentSchema, hex: "0a 00" },
  { name: "a zero in a message", schema: PaymentContextSchema, hex: "42 02 08 00" },
  { name: "33 bits for a uint32", schema: PaymentContextSchema, hex: `08 ${ones} 1f` },
  { name: "64 bits for a uint32", schema: PaymentContextSchema, hex: `08 ${ones} ${ones} ff 01` },
  { name: "65 bits for a uint64", schema: AmountsSchema, hex: `08 ${ones} ${ones} ff 03` },
  { name: "eleven bytes for a uint64", schema: AmountsSchema, hex: `08 ${ones} ${ones} ff 81 01` },
  { name: "an enum's -1 in five bytes", schema: ResultSchema, hex: `38 ${ones} 0f` },
  { name: "an enum's -1 in nine bytes", schema: ResultSchema, hex: `38 ${ones} ${ones} 7f` },
  { name: "an enum with 36 bits", schema: ResultSchema, hex: `38 ${ones} ff 80 80 80 80 01` },
  { name: "an enum with the 32nd bit off", schema: ResultSchema, hex: `38 ${ones} f7 ${ones} 01` },
  { name: "a field cut off after its tag", schema: AmountsSchema, hex: "08" },
  { name: "a number cut off", schema: AmountsSchema, hex: "08 80" },
  { name: "bytes cut off", schema: ReaderPaymentSchema, hex: "0a 02 aa" },
  { name: "a length of 4 GiB", schema: ReaderPaymentSchema, hex: `0a ${ones} 0f aa` },
  { name: "a message cut off inside", schema: PaymentContextSchema, hex: "42 01 08 48 01" },
  { name: "a message shorter than its number", schema: PaymentContextSchema, hex: "42 01 08 05" },
  { name: "a message shorter than its bytes", schema: KeyManifestSchema, hex: "2a 02 0a 01 aa" },
  {
    name: "bytes in a message that go on in the field behind it",
    schema: KeyManifestSchema,
    hex: "2a 02 0a 02 38 01",
  },
  {
    name: "a number in a message that is the tag of the field behind it",
    schema: PaymentContextSchema,
    hex: "42 01 08 5a 08 01 48 01 48 81 01 48 01",
  },
  { name: "field number 0", schema: AmountsSchema, hex: "00 01" },
  { name: "a field number of 36 bits", schema: AmountsSchema, hex: "88 80 80 80 80 01 01" },
  { name: "a lone byte of UTF-8", schema: ResultSchema, hex: "22 01 c3" },
  { name: "UTF-8 longer than need be", schema: ResultSchema, hex: "22 02 c1 81" },
  { name: "half of a pair of UTF-16", schema: ResultSchema, hex: "22 03 ed a0 80" },
];

test.each(ACCEPTED)("accepts $name", ({ schema, hex }) => {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  expect(encodesToItself(schema, bytes)).toBe(true);
  expect(strictDecode(schema, bytes, "it").$typeName).toBe(schema.typeName);
});

test.each(REFUSED)("refuses $name", ({ schema, hex }) => {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  expect(encodesToItself(schema, bytes)).toBe(false);
  expect(errorFrom(() => strictDecode(schema, bytes, "it"))).toEqual({
    code: "MALFORMED_REQUEST",
    message: `it must be one ${schema.typeName} in canonical serialisation`,
  });
});

test("looks at its own part of a larger buffer", () => {
  const buffer = Buffer.from("ffff080108ffff", "hex");
  expect(isCanonical(AmountsSchema, buffer.subarray(2, 4))).toBe(true);
  expect(isCanonical(AmountsSchema, buffer.subarray(2, 5))).toBe(false);
});

describe("kinds of fields", () => {
  const { messages } = PaymentContextSchema.file;
  test.each([...messages, ...KeyManifestSchema.file.messages])(
    "all of $typeName are known",
    (schema) => {
      expect(isCanonical(schema, new Uint8Array())).toBe(true);
    },
  );

  const number = { type: Type.INT32, label: Label.OPTIONAL };
  const list = { ...number, label: Label.REPEATED };
  const own = { typeName: ".test.Own" };
  const { EDITION_PROTO2, EDITION_PROTO3 } = Edition;

  test.each<{ name: string; edition?: Edition; field: FieldInit }>([
    { name: "sint32", field: { ...number, type: Type.SINT32 } },
    { name: "sint64", field: { ...number, type: Type.SINT64 } },
    { name: "fixed32", field: { ...number, type: Type.FIXED32 } },
    { name: "sfixed32", field: { ...number, type: Type.SFIXED32 } },
    { name: "fixed64", field: { ...number, type: Type.FIXED64 } },
    { name: "sfixed64", field: { ...number, type: Type.SFIXED64 } },
    { name: "float", field: { ...number, type: Type.FLOAT } },
    { name: "double", field: { ...number, type: Type.DOUBLE } },
    { name: "packed list", field: list },
    { name: "map", field: { ...list, type: Type.MESSAGE, typeName: ".test.Own.PairEntry" } },
    { name: "member of a oneof", field: { ...number, oneofIndex: 0 } },
    { name: "group", edition: EDITION_PROTO2, field: { ...number, ...own, type: Type.GROUP } },
    {
      name: "required field",
      edition: EDITION_PROTO2,
      field: { ...number, label: Label.REQUIRED },
    },
    {
      name: "closed enum",
      edition: EDITION_PROTO2,
      field: { ...number, type: Type.ENUM, typeName: ".test.Choice" },
    },
    {
      name: "string that may be no UTF-8",
      edition: EDITION_PROTO2,
      field: { ...number, type: Type.STRING },
    },
  ])("a $name is none of them", ({ edition = EDITION_PROTO3, field }) => {
    const schema = schemaWith(field, edition);
    const bug = /^bug: field test\.Own\.it is of a kind that nothing signed has$/;
    expect(() => isCanonical(schema, new Uint8Array())).toThrow(bug);
    // Asked again, it has not become used to it.
    expect(() => isCanonical(schema, new Uint8Array())).toThrow(bug);
  });

  test("a list that is not packed is walked like any other", () => {
    const schema = schemaWith({ ...list, options: { packed: false } }, EDITION_PROTO3);
    expect(isCanonical(schema, Buffer.from("08000801", "hex"))).toBe(true);
    expect(isCanonical(schema, Buffer.from("0a020001", "hex"))).toBe(false);
  });
});

type FieldInit = MessageInitShape<typeof FieldDescriptorProtoSchema>;

/** `message Own { <field> it = 1; }` */
function schemaWith(field: FieldInit, edition: Edition): DescMessage {
  const number = { type: Type.INT32, label: Label.OPTIONAL };
  const pair = [
    { name: "key", jsonName: "key", number: 1, ...number },
    { name: "value", jsonName: "value", number: 2, ...number },
  ];
  const file = create(FileDescriptorProtoSchema, {
    name: "test.proto",
    package: "test",
    syntax: edition === Edition.EDITION_PROTO2 ? "proto2" : "proto3",
    enumType: [{ name: "Choice", value: [{ name: "NONE", number: 0 }] }],
    messageType: [
      {
        name: "Own",
        field: [{ name: "it", jsonName: "it", number: 1, ...field }],
        oneofDecl: field.oneofIndex === undefined ? [] : [{ name: "choice" }],
        nestedType: [{ name: "PairEntry", field: pair, options: { mapEntry: true } }],
      },
    ],
  });
  const schema = createFileRegistry(file, () => undefined).getMessage("test.Own");
  if (schema === undefined) throw new Error("bug: no such message");
  return schema;
}
