import {
  type DescField,
  type DescMessage,
  fromBinary,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { PaymentError } from "../errors.ts";

/** No signed message nests deeper. */
const RECURSION_MAX = 8;

/**
 * Decodes a message that is signed or hashed as bytes: only the one canonical serialisation is
 * accepted. Duplicate and unknown fields and padded varints, which parsers read differently, are
 * refused: the bytes must be those that encoding the message would give.
 *
 * @throws PaymentError MALFORMED_REQUEST.
 */
export function strictDecode<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  field: string,
): MessageShape<Desc> {
  let message: MessageShape<Desc>;
  try {
    message = fromBinary(schema, bytes, {
      readUnknownFields: false,
      recursionLimit: RECURSION_MAX,
    });
  } catch (cause) {
    throw malformed(field, schema.typeName, cause);
  }
  if (!isCanonical(schema, bytes)) throw malformed(field, schema.typeName);
  return message;
}

function malformed(field: string, typeName: string, cause?: unknown): PaymentError {
  return new PaymentError(
    "MALFORMED_REQUEST",
    `${field} must be one ${typeName} in canonical serialisation`,
    { field, cause },
  );
}

/**
 * Whether `bytes` are the one canonical serialisation of a message (docs/protocol/bytes.md): the
 * bytes that encoding it again would give. Walks them once and allocates nothing.
 *
 * @param bytes what fromBinary has taken for a message of this schema: that strings are UTF-8, and
 *   how deep messages nest, was checked there.
 * @throws Error for a schema with a kind of field that no signed message has.
 */
export function isCanonical(schema: DescMessage, bytes: Uint8Array): boolean {
  return isMessage(schema, bytes, 0, bytes.length);
}

interface WireField {
  /** Number and wire type, as they stand before each value. */
  readonly tag: number;
  readonly kind: Kind;
  /** Several values may follow each other, each with its tag. */
  readonly isList: boolean;
  /** Zero, false and empty are written too: where a field may be absent, and in lists. */
  readonly isZeroWritten: boolean;
  /** Schema of a message inside the message. */
  readonly message: DescMessage | undefined;
}

type Kind = "bool" | "uint32" | "int32" | "64 bits" | "bytes" | "message";

const KIND_OF_SCALAR: Readonly<Partial<Record<ScalarType, Kind>>> = {
  [ScalarType.BOOL]: "bool",
  [ScalarType.UINT32]: "uint32",
  [ScalarType.INT32]: "int32",
  [ScalarType.UINT64]: "64 bits",
  [ScalarType.INT64]: "64 bits",
  [ScalarType.BYTES]: "bytes",
  [ScalarType.STRING]: "bytes",
};

const WIRE_TYPE_VARINT = 0;
const WIRE_TYPE_LENGTH_DELIMITED = 2;
const VARINT_BYTES_MAX = 10;
/** Instead of a position. */
const REFUSED = -1;

const compiled = new WeakMap<DescMessage, readonly WireField[]>();

/** In ascending order of tag, which is the order of field numbers. */
function fieldsOf(schema: DescMessage): readonly WireField[] {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const fields = schema.fields.map(wireFieldOf).sort((left, right) => left.tag - right.tag);
  compiled.set(schema, fields);
  return fields;
}

/**
 * Signed messages have few kinds of fields. Another kind is a bug until it is known here: encoding
 * again for its sake would be a second verdict that nothing tests.
 */
function wireFieldOf(field: DescField): WireField {
  const kind = field.presence === Presence.LEGACY_REQUIRED ? undefined : kindOf(field);
  if (kind === undefined) throw new Error(`bug: ${field} is of a kind that nothing signed has`);
  const isLong = kind === "bytes" || kind === "message";
  const isList = field.fieldKind === "list";
  return {
    tag: field.number * 8 + (isLong ? WIRE_TYPE_LENGTH_DELIMITED : WIRE_TYPE_VARINT),
    kind,
    isList,
    isZeroWritten: isList || field.presence === Presence.EXPLICIT,
    message: field.message,
  };
}

function kindOf(field: DescField): Kind | undefined {
  if (field.fieldKind === "map" || field.oneof !== undefined) return undefined;
  if (field.fieldKind === "list" && field.packed) return undefined;
  if (field.message !== undefined) return field.delimitedEncoding ? undefined : "message";
  // Of a closed enum fromBinary leaves out the values that it does not know.
  if (field.enum !== undefined) return field.enum.open ? "int32" : undefined;
  if (field.scalar === ScalarType.STRING && !field.utf8Validation) return undefined;
  return KIND_OF_SCALAR[field.scalar];
}

function isMessage(schema: DescMessage, bytes: Uint8Array, start: number, end: number): boolean {
  const fields = fieldsOf(schema);
  let next = 0;
  let at = start;
  while (at < end) {
    const valueAt = varintEnd(bytes, at, end);
    if (valueAt === REFUSED) return false;
    const tag = varintBetween(bytes, at, valueAt);
    let field = fields[next];
    while (field !== undefined && field.tag < tag) {
      next += 1;
      field = fields[next];
    }
    // Unknown, of another wire type, out of order, or there already.
    if (field === undefined || field.tag !== tag) return false;
    if (!field.isList) next += 1;
    at = valueEnd(field, bytes, valueAt, end);
    if (at === REFUSED) return false;
  }
  return true;
}

/** Where the value that begins at `at` ends, if it is canonical and ends before `end`. */
function valueEnd(field: WireField, bytes: Uint8Array, at: number, end: number): number {
  const varintStop = varintEnd(bytes, at, end);
  if (varintStop === REFUSED) return REFUSED;
  // Zero, false and a length of nothing all begin, and end, with this byte.
  if (bytes[at] === 0 && !field.isZeroWritten) return REFUSED;
  switch (field.kind) {
    case "bool":
      return varintStop === at + 1 && byteAt(bytes, at) <= 1 ? varintStop : REFUSED;
    case "uint32":
      return isUint32(bytes, at, varintStop) ? varintStop : REFUSED;
    case "int32":
      return isInt32(bytes, at, varintStop) ? varintStop : REFUSED;
    case "64 bits":
      return varintStop;
    case "bytes":
    case "message": {
      const stop = varintStop + varintBetween(bytes, at, varintStop);
      if (stop > end) return REFUSED;
      const { message } = field;
      if (message !== undefined && !isMessage(message, bytes, varintStop, stop)) return REFUSED;
      return stop;
    }
  }
}

/** Where the varint that begins at `at` ends: of 64 bits at most, in its shortest form. */
function varintEnd(bytes: Uint8Array, at: number, end: number): number {
  const limit = Math.min(end, at + VARINT_BYTES_MAX);
  let last = at;
  while (last < limit && byteAt(bytes, last) >= 0x80) last += 1;
  if (last === limit) return REFUSED;
  const byte = byteAt(bytes, last);
  if (byte === 0 && last > at) return REFUSED;
  // Nine bytes hold 63 bits.
  if (byte > 1 && last === at + VARINT_BYTES_MAX - 1) return REFUSED;
  return last + 1;
}

/** Exact up to 2^53. What is more matches no tag, and is longer than any message. */
function varintBetween(bytes: Uint8Array, start: number, stop: number): number {
  let value = 0;
  for (let at = stop - 1; at >= start; at -= 1) value = value * 0x80 + (byteAt(bytes, at) & 0x7f);
  return value;
}

function isUint32(bytes: Uint8Array, start: number, stop: number): boolean {
  return stop - start < 5 || (stop - start === 5 && byteAt(bytes, start + 4) <= 0x0f);
}

/** One below zero is written with 64 bits, the upper 33 of which are ones. */
function isInt32(bytes: Uint8Array, start: number, stop: number): boolean {
  if (stop - start < 5) return true;
  const fifth = byteAt(bytes, start + 4);
  if (stop - start === 5) return fifth <= 0x07;
  if (fifth < 0xf8) return false;
  // A shorter one ends on the way, with a byte below 0x80.
  for (let at = start + 5; at < start + 9; at += 1) if (bytes[at] !== 0xff) return false;
  return true;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
