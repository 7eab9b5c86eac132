import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type SignedPayment, SignedPaymentSchema } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { type DurableFiles, FileDamaged } from "../mesh/disk/durable-files.ts";
import { readEach } from "../mesh/disk/read-each.ts";
import type { Log } from "../mesh/log.ts";
import { PaymentError } from "../payment/errors.ts";
import { type MerchantId, type PaymentId, paymentIdToBytes } from "../payment/identifiers.ts";
import { type CheckedReaderPayment, parseReaderPayment } from "../payment/payment-context.ts";
import { concatBytes } from "../sealing/bytes.ts";
import type { ManifestFile } from "../sealing/keys/kept-manifest.ts";
import { DukptRegister } from "../sealing/pin/dukpt.ts";

/** Payment ids that a reader remembers having taken a counter for. */
export const TAKEN_IDS_MAX = 1_024;
const COUNTER_BYTES = 8;
const PAYMENT_ID_BYTES = 16;

const COUNTER_FILE = "counter.bin";
const REGISTER_FILE = "dukpt-register.bin";
const PAIRING_FILE = "pairing.bin";
const MANIFEST_FILE = "manifest.bin";
const SIGNED_PREFIX = "signed-";
const PROTECTING_FILES = [COUNTER_FILE, REGISTER_FILE, PAIRING_FILE, MANIFEST_FILE];

/** A payment whose signed bytes are still kept. */
interface KeptPayment {
  readonly signed: SignedPayment;
  /** The same bytes, taken apart. */
  readonly payment: CheckedReaderPayment;
}

/** `message` is meant for a person: it says what was found, and what an operator does. */
export class ReaderMemoryLost extends Error {
  override readonly name = "ReaderMemoryLost";

  constructor(found: string, options?: ErrorOptions) {
    super(`the reader takes no payments: ${found}. ${WHAT_TO_DO}`, options);
  }
}

const WHAT_TO_DO =
  "It could sign a payment or use a PIN key twice. Retire this reader. To use the device again, " +
  "give it a new signing key, a new certificate, a new initial PIN key and an empty folder";

/**
 * What a reader must not forget: counter, PIN key register, pairing, manifest, and signed payments
 * until they are answered. The only file that knows how they are stored.
 */
export class ReaderStore {
  readonly #files: DurableFiles;
  readonly #takenIdsMax: number;
  readonly #register: DukptRegister;
  readonly #kept: Map<PaymentId, KeptPayment>;
  #counter: bigint;
  /** Hex of payment ids, oldest first. */
  #takenIds: readonly string[];
  #merchantId: MerchantId | undefined;

  private constructor({ files, takenIdsMax }: ReaderStoreOptions, found: FoundOnDisk) {
    this.#files = files;
    this.#takenIdsMax = takenIdsMax;
    this.#register = found.register;
    this.#kept = found.kept;
    this.#counter = found.counter;
    this.#takenIds = found.takenIds;
    this.#merchantId = found.merchantId;
  }

  /** @throws ReaderMemoryLost */
  static async open(options: ReaderStoreOptions): Promise<ReaderStore> {
    const { files, newRegister } = options;
    await requireProvenMemory(files);
    const counterFile = await files.read(COUNTER_FILE);
    const merchantFile = await files.read(PAIRING_FILE);
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return new ReaderStore(options, {
      register: await openRegister(files, newRegister),
      kept: await readKept(options),
      counter: counterFile === undefined ? 0n : Buffer.from(counterFile).readBigUInt64BE(0),
      takenIds: counterFile === undefined ? [] : readTakenIds(counterFile),
      merchantId: merchantFile === undefined ? undefined : (text(merchantFile) as MerchantId),
    });
  }

  /** Where the newest key manifest is kept. */
  get manifestFile(): ManifestFile {
    return {
      read: () => this.#files.read(MANIFEST_FILE),
      write: (bytes) => this.#files.write(MANIFEST_FILE, bytes),
    };
  }

  /** The merchant this reader is paired with; undefined before its first session. */
  get merchantId(): MerchantId | undefined {
    return this.#merchantId;
  }

  async pairWith(merchantId: MerchantId): Promise<void> {
    await this.#files.write(PAIRING_FILE, new TextEncoder().encode(merchantId));
    this.#merchantId = merchantId;
  }

  /** @throws PaymentError ALREADY_SIGNED: what became of the payment is known elsewhere. */
  requireNotTaken(id: PaymentId): void {
    if (!this.#takenIds.includes(hexOf(id))) return;
    throw new PaymentError("ALREADY_SIGNED", "the reader has signed this payment_id already", {
      field: "payment_id",
    });
  }

  /**
   * The next counter value, for this payment alone. Counter and id are stored together before
   * either is used, so a crash can waste a value, but never repeat one or sign a second time for
   * one id.
   *
   * @throws PaymentError ALREADY_SIGNED when the id has had its value.
   */
  async takeCounter(id: PaymentId): Promise<bigint> {
    this.requireNotTaken(id);
    const counter = this.#counter + 1n;
    const takenIds = [...this.#takenIds, hexOf(id)].slice(-this.#takenIdsMax);
    const head = Buffer.alloc(COUNTER_BYTES);
    head.writeBigUInt64BE(counter);
    // Taken in memory first: should the disk fail halfway, nobody knows which value it holds.
    this.#counter = counter;
    this.#takenIds = takenIds;
    await this.#files.write(COUNTER_FILE, concatBytes(head, Buffer.from(takenIds.join(""), "hex")));
    return counter;
  }

  /**
   * The PIN key of one payment, which the caller wipes. The register without it is stored first,
   * and the one that it could be computed from is gone.
   */
  async takePinKey(): Promise<{ readonly ksn: Uint8Array; readonly pinKey: Uint8Array }> {
    const taken = this.#register.nextPinKey();
    await this.#files.overwrite(REGISTER_FILE, this.#register.serialize());
    return taken;
  }

  async keep(id: PaymentId, signed: SignedPayment): Promise<void> {
    await this.#files.write(signedName(id), toBinary(SignedPaymentSchema, signed));
    this.#kept.set(id, { signed, payment: parseReaderPayment(signed.readerPayment) });
  }

  kept(id: PaymentId): KeptPayment | undefined {
    return this.#kept.get(id);
  }

  /** No byte of it stays on the disk. */
  async drop(id: PaymentId): Promise<void> {
    if (!this.#kept.delete(id)) return;
    await this.#files.erase(signedName(id));
  }

  /** Drops every payment that had to be submitted before `timeMs`. */
  async dropSubmittableUntil(timeMs: number): Promise<void> {
    for (const [id, { payment }] of this.#kept) {
      if (payment.context.wire.submitBeforeMs <= timeMs) await this.drop(id);
    }
  }
}

interface ReaderStoreOptions {
  readonly files: DurableFiles;
  /** Makes the PIN key register of a reader that starts for the first time. */
  readonly newRegister: () => DukptRegister;
  /** Payment ids that are remembered, at least 1; the oldest goes first. */
  readonly takenIdsMax: number;
  readonly log: Log;
}

interface FoundOnDisk {
  readonly register: DukptRegister;
  readonly kept: Map<PaymentId, KeptPayment>;
  readonly counter: bigint;
  readonly takenIds: readonly string[];
  readonly merchantId: MerchantId | undefined;
}

async function openRegister(
  files: DurableFiles,
  newRegister: () => DukptRegister,
): Promise<DukptRegister> {
  const stored = await files.read(REGISTER_FILE);
  if (stored !== undefined) return DukptRegister.parse(stored);
  const register = newRegister();
  await files.write(REGISTER_FILE, register.serialize());
  return register;
}

/** Signed bytes that are damaged are no use to anybody; they are logged, and kept aside. */
async function readKept({ files, log }: ReaderStoreOptions): Promise<Map<PaymentId, KeptPayment>> {
  const kept = new Map<PaymentId, KeptPayment>();
  const reading = { files, prefix: SIGNED_PREFIX, kind: "signed payment", log };
  await readEach(reading, (_name, bytes) => {
    const signed = fromBinary(SignedPaymentSchema, bytes);
    const payment = parseReaderPayment(signed.readerPayment);
    kept.set(payment.context.paymentId, { signed, payment });
  });
  return kept;
}

/**
 * A reader that may have lost its counter, the ids that it signed, or its PIN keys signs nothing
 * any more: it could sign an id twice, or use a PIN key twice. Pairing and manifest protect it from
 * a merchant and from keys that are not its own, so they count too.
 *
 * @throws ReaderMemoryLost
 */
async function requireProvenMemory(files: DurableFiles): Promise<void> {
  if (files.memory === "older") {
    throw new ReaderMemoryLost("what its folder holds is not the newest that it wrote there");
  }
  for (const name of PROTECTING_FILES) {
    const bytes = await files.read(name).catch((cause) => {
      if (!(cause instanceof FileDamaged)) throw cause;
      throw new ReaderMemoryLost(cause.message, { cause });
    });
    // A reader that has lost nothing has not written it yet.
    if (bytes === undefined && files.memory === "holes") {
      throw new ReaderMemoryLost(`its folder was damaged, and has no "${name}" any more`);
    }
  }
}

function readTakenIds(counterFile: Uint8Array): readonly string[] {
  const hex = Buffer.from(counterFile.subarray(COUNTER_BYTES)).toString("hex");
  return hex.match(new RegExp(`.{${2 * PAYMENT_ID_BYTES}}`, "g")) ?? [];
}

function signedName(id: PaymentId): string {
  return `${SIGNED_PREFIX}${hexOf(id)}.bin`;
}

function hexOf(id: PaymentId): string {
  return Buffer.from(paymentIdToBytes(id)).toString("hex");
}
