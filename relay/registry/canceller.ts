import type { SignedEnvelope } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import {
  type MerchantId,
  parseMerchantId,
  type TerminalId,
  type TerminalKey,
} from "../../payment/identifiers.ts";
import type { Manifest } from "../../sealing/keys/manifest.ts";
import type { Registry } from "./registry.ts";
import { merchantWithin, scopeOf, terminalOf } from "./scope.ts";

/** Who asks for a payment to be undone, and which ones are in reach. */
export interface Canceller {
  /** SPIFFE URI; undefined in plaintext. */
  readonly identity: string | undefined;
  readonly merchantId: MerchantId;
  /** Empty for whoever is no terminal. */
  readonly terminalId: TerminalId | "";
  /** Why payments that another terminal brought are out of reach; undefined when they are not. */
  readonly refusal: PaymentError | undefined;
  /** The same for ids that no terminal has brought yet. */
  readonly unseenRefusal: PaymentError | undefined;
}

interface CancelWish {
  /** "" for the caller's own. */
  readonly merchantId: string;
  /** What the caller shows of itself. */
  readonly terminalCertificate?: SignedEnvelope | undefined;
}

export interface CancellerCheck {
  readonly registry: Pick<Registry, "terminalNow" | "openTerminalCertificate">;
  /** Names revoked certificates. */
  readonly manifest: Pick<Manifest, "isRevoked"> | undefined;
}

const OUTSIDE: readonly PaymentErrorCode[] = [
  "TERMINAL_UNKNOWN",
  "TERMINAL_NOT_ACTIVE",
  "NOT_PERMITTED",
];

/**
 * A terminal that the registry does not have, or not as active, may still have ended what it
 * submitted: its payments are refused, and the processor's word that nothing was charged is the
 * only one that it believes. Ids that nobody has brought it may have ended for the merchant that
 * both its certificates name, and for no other.
 *
 * @throws PaymentError TERMINAL_UNKNOWN, NOT_PERMITTED or MALFORMED_REQUEST.
 */
export async function cancellerOf(
  identity: string | undefined,
  wish: CancelWish,
  check: CancellerCheck,
): Promise<Canceller> {
  try {
    const scope = await scopeOf(identity, check.registry);
    const merchantId = merchantWithin(scope, wish.merchantId);
    if (merchantId === undefined) {
      const field = "merchant_id";
      throw new PaymentError("MALFORMED_REQUEST", `${field} is required, got nothing`, { field });
    }
    const terminalId = scope.kind === "merchant" ? scope.terminalId : "";
    return { identity, merchantId, terminalId, refusal: undefined, unseenRefusal: undefined };
  } catch (error) {
    const terminal = identity === undefined ? undefined : terminalOf(identity);
    if (!(error instanceof PaymentError) || !OUTSIDE.includes(error.code)) throw error;
    if (terminal === undefined) throw error;
    const { merchantId, terminalId } = terminal;
    if (wish.merchantId !== "" && parseMerchantId(wish.merchantId) !== merchantId) throw error;
    const unseenRefusal = isVouchedFor(terminal, wish, check) ? undefined : error;
    return { identity, merchantId, terminalId, refusal: error, unseenRefusal };
  }
}

/** Whether a root has signed that the terminal is the merchant's. */
function isVouchedFor(
  caller: TerminalKey,
  { terminalCertificate }: CancelWish,
  { registry, manifest }: CancellerCheck,
): boolean {
  if (terminalCertificate === undefined) return false;
  const shown = registry.openTerminalCertificate(terminalCertificate);
  return (
    shown?.terminalId === caller.terminalId &&
    shown.merchantId === caller.merchantId &&
    manifest?.isRevoked(shown.id) !== true
  );
}
