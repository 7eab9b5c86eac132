import { createHash } from "node:crypto";

export const AUDIT_STEPS = ["PROPOSED", "BEGUN", "DONE", "REFUSED"] as const;
export type AuditStep = (typeof AUDIT_STEPS)[number];

/** Who asked for what, and how far it is: an entry before it has its place. */
export interface AuditDetails {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** "relay" */
  readonly program: string;
  /** SPIFFE URI, or "plaintext". */
  readonly actor: string;
  /** "host:port" */
  readonly address: string;
  /** "package.Service/Method" */
  readonly method: string;
  readonly subject: string;
  /** SHA-256 of the request, 32 bytes. */
  readonly requestDigest: Uint8Array;
  readonly step: AuditStep;
  /** The entry that this one carries on; 0 for none. */
  readonly ofSequence: bigint;
  /** Error code of what was refused; otherwise empty. */
  readonly outcome: string;
}

export interface AuditEntry extends AuditDetails {
  /** From 1, without gaps. */
  readonly sequence: bigint;
  /** 32 bytes. */
  readonly previousHash: Uint8Array;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** Of the first entry. */
export const NO_HASH = new Uint8Array(32);

/**
 * SHA-256 over the fields in the order of the contract: a number as 8 bytes, the first one most
 * significant; a text or bytes with its length in bytes before it, as such a number.
 */
export function detailsDigest(details: AuditDetails): Uint8Array {
  const hash = createHash("sha256");
  const add = (value: bigint | string | Uint8Array) => {
    if (typeof value === "bigint") {
      hash.update(eightBytes(value));
      return;
    }
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    hash.update(eightBytes(BigInt(bytes.length))).update(bytes);
  };
  add(BigInt(details.atMs));
  const { program, actor, address, method, subject } = details;
  for (const text of [program, actor, address, method, subject]) add(text);
  add(details.requestDigest);
  add(details.step);
  add(details.ofSequence);
  add(details.outcome);
  return hash.digest();
}

/** What makes the entry a link of its chain. The database computes the same when it appends. */
export function entryHash(entry: Omit<AuditEntry, "hash">): Uint8Array {
  return createHash("sha256")
    .update(entry.previousHash)
    .update(eightBytes(entry.sequence))
    .update(detailsDigest(entry))
    .digest();
}

function eightBytes(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
