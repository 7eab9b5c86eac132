/** The element types that an array may have, and what stands for a value of each. */
export interface ElementValue {
  readonly bigint: bigint;
  readonly boolean: boolean;
  readonly bytea: Uint8Array;
  readonly int: number;
  /** Without U+0000, which PostgreSQL refuses; half a surrogate pair becomes U+FFFD. */
  readonly text: string;
  /** From 4714-11-24 BC, the first day that PostgreSQL knows. */
  readonly timestamptz: Date;
  /** 36 characters with hyphens, in upper or lower case. */
  readonly uuid: string;
}

export type ElementType = keyof ElementValue;

/**
 * An array as the value of a parameter like `$1::text[]`, in binary: that is how pg sends a Buffer.
 * A JavaScript array it sends as text, which has to be escaped here and parsed by PostgreSQL.
 *
 * The form is what `array_recv` in PostgreSQL's arrayfuncs.c reads, with big-endian numbers: three
 * int32 (dimensions, whether there are NULLs, oid of the element type); for the one dimension its
 * length and its first index, int32 each; for each element its length in bytes as int32, -1 for
 * NULL, and what its type's receive function reads. An array without elements has no dimension.
 *
 * @param values undefined is NULL, too.
 * @throws TypeError when a value does not fit its type. The message does not contain the value.
 */
export function binaryArray<Type extends ElementType>(
  type: Type,
  values: readonly (ElementValue[Type] | null | undefined)[],
): Buffer {
  const format: ElementFormat<ElementValue[Type]> = FORMATS[type];
  let size = values.length === 0 ? EMPTY_BYTES : FIRST_ELEMENT + LENGTH_BYTES * values.length;
  let hasNull = 0;
  for (const value of values) {
    if (value == null) hasNull = 1;
    else size += format.size(value);
  }
  const array = Buffer.allocUnsafe(size);
  array.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  array.writeInt32BE(hasNull, 4);
  array.writeInt32BE(format.oid, 8);
  if (values.length === 0) return array;
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(FIRST_INDEX, 16);
  let offset = FIRST_ELEMENT;
  for (const value of values) {
    const start = offset + LENGTH_BYTES;
    const end = value == null ? start : format.write(array, start, value);
    array.writeInt32BE(value == null ? NULL_LENGTH : end - start, offset);
    offset = end;
  }
  return array;
}

const EMPTY_BYTES = 12;
/** Where the elements begin, in bytes. */
const FIRST_ELEMENT = 20;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;
/** As PostgreSQL counts. */
const FIRST_INDEX = 1;

interface ElementFormat<Value> {
  /** As in PostgreSQL's pg_type.dat: the same in every database. */
  readonly oid: number;
  /** @returns bytes that the value takes. @throws TypeError when it does not fit. */
  size(value: Value): number;
  /** @returns offset of what follows the value. @throws TypeError when it does not fit. */
  write(array: Buffer, offset: number, value: Value): number;
}

/** 2000-01-01T00:00Z, which PostgreSQL counts microseconds from. */
const TIMESTAMP_EPOCH_MS = 946_684_800_000;
/** MIN_TIMESTAMP of PostgreSQL's timestamp.h; the last Date is before its END_TIMESTAMP. */
const TIMESTAMP_MS_MIN = -210_866_803_200_000;
const UUID_BYTES = 16;

const FORMATS: { readonly [Type in ElementType]: ElementFormat<ElementValue[Type]> } = {
  bigint: {
    oid: 20,
    size: (value) =>
      typeof value === "bigint" && BigInt.asIntN(64, value) === value ? 8 : misfit("bigint"),
    write: writeInt64,
  },
  boolean: {
    oid: 16,
    size: (value) => (typeof value === "boolean" ? 1 : misfit("boolean")),
    write: (array, offset, value) => array.writeUInt8(value ? 1 : 0, offset),
  },
  bytea: {
    oid: 17,
    size: (value) => (value instanceof Uint8Array ? value.length : misfit("bytea")),
    write(array, offset, value) {
      array.set(value, offset);
      return offset + value.length;
    },
  },
  int: {
    oid: 23,
    size: (value) => (typeof value === "number" && (value | 0) === value ? 4 : misfit("int")),
    write: (array, offset, value) => array.writeInt32BE(value, offset),
  },
  text: {
    oid: 25,
    size: (value) => (typeof value === "string" ? Buffer.byteLength(value) : misfit("text")),
    write: (array, offset, value) => offset + array.write(value, offset),
  },
  timestamptz: {
    oid: 1184,
    size: (value) =>
      value instanceof Date && value.getTime() >= TIMESTAMP_MS_MIN ? 8 : misfit("timestamptz"),
    write: (array, offset, value) =>
      writeInt64(array, offset, BigInt(value.getTime() - TIMESTAMP_EPOCH_MS) * 1_000n),
  },
  uuid: {
    oid: 2950,
    size: (value) =>
      typeof value === "string" && value.length === 36 ? UUID_BYTES : misfit("uuid"),
    write: writeUuid,
  },
};

/** One number at a time; several times faster than Buffer.writeBigInt64BE. */
const INT64 = new DataView(new ArrayBuffer(8));

function writeInt64(array: Buffer, offset: number, value: bigint): number {
  INT64.setBigInt64(0, value);
  array.writeInt32BE(INT64.getInt32(0), offset);
  return array.writeInt32BE(INT64.getInt32(4), offset + 4);
}

/** Where each byte's two digits are in the text of a UUID, and where its hyphens. */
const UUID_DIGITS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const UUID_HYPHENS = [8, 13, 18, 23];
const HYPHEN = "-".charCodeAt(0);

function writeUuid(array: Buffer, offset: number, text: string): number {
  for (const at of UUID_HYPHENS) if (text.charCodeAt(at) !== HYPHEN) misfit("uuid");
  let next = offset;
  for (const at of UUID_DIGITS) {
    const byte = (digitOf(text.charCodeAt(at)) << 4) | digitOf(text.charCodeAt(at + 1));
    if (byte < 0) misfit("uuid");
    array[next++] = byte;
  }
  return next;
}

/** Value of a hexadecimal digit; negative when it is none. */
const DIGITS = new Int8Array(128).fill(-1);
for (const [value, digit] of [..."0123456789abcdef"].entries()) {
  DIGITS[digit.charCodeAt(0)] = value;
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value;
}

function digitOf(code: number): number {
  return DIGITS[code] ?? -1;
}

function misfit(type: ElementType): never {
  throw new TypeError(`an element of ${type}[] is not a value of this type`);
}
