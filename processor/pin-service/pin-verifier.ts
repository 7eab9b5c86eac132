import { createHmac, type KeyObject } from "node:crypto";
import { GroupCommit } from "../../mesh/group-commit.ts";
import type { Log } from "../../mesh/log.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { type HopSpan, recordedStatement, type Telemetry } from "../../mesh/tracing/telemetry.ts";
import { Pan } from "../../payment/card.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parsePaymentContext } from "../../payment/payment-context.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import { digest } from "../../sealing/keys/dsse.ts";
import { openPinBox } from "../../sealing/open/boxes.ts";
import { derivePinKey, parseKsn } from "../../sealing/open/dukpt-host.ts";
import { decipherPinBlock } from "../../sealing/open/pin-block.ts";
import { SealedDataRejected } from "../../sealing/sealed-data-rejected.ts";
import { cardTokenOf } from "../cards/card-store.ts";
import { isLostRace } from "../payments/answer-in-rounds.ts";
import type { PinKeys } from "./pin-keys.ts";
import type { Attempt, NewVerdict, PinStore, SettledAttempt } from "./pin-store.ts";
import type { TryJournal } from "./try-journal.ts";

/** Times that a batch is settled anew after another instance got in between. */
const ROUNDS_MAX = 5;
const DIGEST_BYTES = 64;

/** A PIN to verify, as it came from the processor. */
export interface PinCheck {
  /** PaymentContext as the reader serialised it. */
  readonly context: Uint8Array;
  /** 176 bytes. */
  readonly pinBox: Uint8Array;
  readonly pan: string;
  /** SHA-512 of the reader_payment bytes. */
  readonly digest: Uint8Array;
  /** Of the reader's certificate, 8 bytes. */
  readonly dukptInitialKeyId: Uint8Array;
}

/** Not a PIN block for this card, context and reader. Nothing is counted. */
const REFUSED: SettledAttempt = { verdict: "REFUSED", triesLeft: 0 };

interface VerifierParts extends Pick<Surroundings, "clock" | "log" | "telemetry"> {
  readonly keys: PinKeys;
  readonly store: Pick<PinStore, "settle">;
  /** Where wrong PINs are kept beside the store. */
  readonly journal: TryJournal;
}

/** Says whether a PIN is right. A PIN is in memory only while its reference is computed. */
export class PinVerifier {
  readonly #keys: PinKeys;
  readonly #store: Pick<PinStore, "settle">;
  readonly #journal: TryJournal;
  readonly #telemetry: Telemetry;
  readonly #log: Log;
  readonly #group: GroupCommit<Entered, SettledAttempt>;

  constructor({ keys, store, journal, clock, telemetry, log }: VerifierParts) {
    this.#log = log;
    this.#keys = keys;
    this.#store = store;
    this.#journal = journal;
    this.#telemetry = telemetry;
    this.#group = new GroupCommit({
      flush: (entered) => this.#settle(entered),
      pace: { clock },
    });
  }

  /**
   * @param span of the payment; the statements show below it.
   * @throws PaymentError STORE_NOT_REACHED or OVERLOADED.
   */
  async verify(check: PinCheck, span: HopSpan): Promise<SettledAttempt> {
    const opened = this.#open(check);
    return opened === undefined ? REFUSED : await this.#group.add({ ...opened, span });
  }

  #open(check: PinCheck): Attempt | undefined {
    try {
      return openPin(check, this.#keys);
    } catch (error) {
      // Whatever is wrong with it: which check failed would help an attacker.
      if (!(error instanceof PaymentError)) throw error;
      const reason = error instanceof SealedDataRejected ? error.reasonForSecurityLog() : undefined;
      this.#log.security("sealed_data_rejected", "a PIN block was refused", { reason });
      return undefined;
    }
  }

  #settle(entered: readonly Entered[]): Promise<readonly SettledAttempt[]> {
    return recordedStatement({
      telemetry: this.#telemetry,
      spans: entered.map(({ span }) => span),
      statement: { operation: "UPDATE", collection: "pin.card" },
      run: () => this.#settleAndKeep(entered),
    });
  }

  /** What an attacker hears is on the disk, also when the database is put back afterwards. */
  async #settleAndKeep(entered: readonly Attempt[]): Promise<readonly SettledAttempt[]> {
    const attempts = entered.map((one) => ({ ...one, kept: this.#journal.find(one.cardToken) }));
    const settled = await this.#settleInRounds(attempts);
    for (const [place, { verdict, triesLeft, isRepeated }] of settled.entries()) {
      if (verdict !== "WRONG" || triesLeft > 0 || isRepeated) continue;
      const paymentId = attempts[place]?.paymentId;
      this.#log.security("pin_locked", "a card has no PIN tries left", { paymentId });
    }
    await this.#journal.note(attempts, settled);
    return settled.map(({ verdict, triesLeft }) => ({ verdict, triesLeft }));
  }

  async #settleInRounds(attempts: readonly Attempt[]): Promise<readonly NewVerdict[]> {
    for (let round = 1; ; round += 1) {
      try {
        return await this.#store.settle(attempts);
      } catch (error) {
        if (round === ROUNDS_MAX || !isLostRace(error)) throw error;
      }
    }
  }
}

type Entered = Attempt & { readonly span: HopSpan };

/** @throws PaymentError for whatever is not the PIN block of this card, context and reader. */
function openPin(check: PinCheck, keys: PinKeys): Attempt {
  const context = parsePaymentContext(check.context);
  const pan = Pan.parse(check.pan);
  const agreement = keys.pin(context.wire.pinKeyId);
  if (agreement === undefined) throw new SealedDataRejected("PIN key");
  if (check.digest.length !== DIGEST_BYTES) throw new SealedDataRejected("length");
  const contextDigest = digest("payment-context", check.context);
  const { ksn, block } = openPinBox({ agreement, contextDigest, sealed: check.pinBox });
  if (!equalBytes(parseKsn(ksn).initialKeyId, check.dukptInitialKeyId)) {
    throw new SealedDataRejected("key serial number");
  }
  const cardToken = cardTokenOf(keys.cardToken, pan);
  const pinKey = derivePinKey(keys.baseDerivation, ksn);
  try {
    const pin = decipherPinBlock({ pinKey, block, pan: pan.revealPan() });
    const pinReference = pinReferenceOf(keys.pinReference, cardToken, pin);
    pin.fill(0);
    return { ksn, digest: check.digest, paymentId: context.paymentId, cardToken, pinReference };
  } finally {
    pinKey.fill(0);
  }
}

/**
 * What is stored of a PIN: HMAC-SHA-256 over card token ‖ PIN, 32 bytes. There are only ten
 * thousand PINs of four digits, so it is worth no more than the key is kept.
 *
 * @param pin ASCII digits; the caller wipes them.
 */
export function pinReferenceOf(key: KeyObject, cardToken: Uint8Array, pin: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(cardToken).update(pin).digest();
}
