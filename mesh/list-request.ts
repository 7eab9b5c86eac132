import { enumName } from "../payment/enum-name.ts";
import { PaymentError } from "../payment/errors.ts";
import { parseMerchantId } from "../payment/identifiers.ts";

/** As in the contracts, for every list and for every message of a stream that gives pages. */
export const PAGE_SIZE_MAX = 500;
const PAGE_SIZE_DEFAULT = 50;
/** The last number that PostgreSQL's bigint has. */
const SEQUENCE_MAX = 2n ** 63n - 1n;

/**
 * How many rows a caller asks for.
 *
 * @param size as it came; a caller that says 0, or nothing, gets 50.
 * @param field what the contract calls it.
 * @throws PaymentError MALFORMED_REQUEST above 500
 */
export function parsePageSize(size: number, field: "page_size" | "limit"): number {
  if (size === 0) return PAGE_SIZE_DEFAULT;
  if (size <= PAGE_SIZE_MAX) return size;
  const expected = `1 to ${PAGE_SIZE_MAX}, or 0 for ${PAGE_SIZE_DEFAULT}`;
  throw malformed(field, `must be ${expected}, got ${size}`);
}

/**
 * Name of the state that a caller asks for.
 *
 * @param state as it came, 0 for UNSPECIFIED.
 * @returns undefined where the caller asks for every state
 * @throws PaymentError MALFORMED_REQUEST for a state that this release does not know
 */
export function parseStateFilter<Name extends string>(
  states: Readonly<Record<Name, number>>,
  state: number,
): Exclude<Name, "UNSPECIFIED"> | undefined {
  if (state === 0) return undefined;
  const name = enumName(states, state);
  if (name in states) return name as Exclude<Name, "UNSPECIFIED">;
  throw malformed("state", `must be a known state, got ${state}`);
}

function malformed(field: string, problem: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", `${field} ${problem}`, { field });
}

/** @throws PaymentError MALFORMED_REQUEST for a position that no log can have. */
export function parseSequence(sequence: bigint, field: string): bigint {
  if (sequence <= SEQUENCE_MAX) return sequence;
  throw malformed(field, `must be 0 to ${SEQUENCE_MAX}, got ${sequence}`);
}

/** The last moment that a UUID version 7 has room for. */
const ID_MS_MAX = 2n ** 48n - 1n;

/**
 * Which payments a caller asks for; their ids begin with the time when they were made.
 *
 * @throws PaymentError MALFORMED_REQUEST
 */
export function withinOf({
  merchantId,
  fromMs,
  beforeMs,
}: {
  readonly merchantId: string;
  readonly fromMs: bigint;
  readonly beforeMs: bigint;
}): { readonly merchantId?: string; readonly from?: string; readonly below?: string } {
  return {
    ...(merchantId !== "" && { merchantId: parseMerchantId(merchantId) }),
    ...(fromMs !== 0n && { from: firstIdOf(fromMs, "from_ms") }),
    ...(beforeMs !== 0n && { below: firstIdOf(beforeMs, "before_ms") }),
  };
}

/** What sorts before every id of that moment. */
function firstIdOf(timeMs: bigint, field: string): string {
  if (timeMs < 0n || timeMs > ID_MS_MAX) {
    throw malformed(field, `must be 0 to ${ID_MS_MAX}, got ${timeMs}`);
  }
  const digits = timeMs.toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}-0000-0000-000000000000`;
}
