import { PaymentError, type PaymentErrorCode } from "../../payment/errors.ts";
import {
  type MerchantId,
  parseMerchantId,
  parseTerminalId,
  type TerminalId,
} from "../../payment/identifiers.ts";
import type { Registry } from "./registry.ts";

/** Whose payments a caller may see. */
export type Scope =
  | { readonly kind: "all" }
  | { readonly kind: "merchant"; readonly merchantId: MerchantId; readonly terminalId: TerminalId };

/**
 * A terminal sees its merchant's payments, an operator all; in plaintext, which is for development
 * on one machine, there is nobody to tell apart.
 *
 * @param identity SPIFFE URI of the caller's certificate.
 * @throws PaymentError TERMINAL_UNKNOWN or NOT_PERMITTED.
 */
export async function scopeOf(
  identity: string | undefined,
  registry: Pick<Registry, "terminal">,
): Promise<Scope> {
  if (identity === undefined) return { kind: "all" };
  const [role] = identityPath(identity);
  if (role === "operator") return { kind: "all" };
  const terminalId = terminalOf(identity);
  if (terminalId === undefined) {
    throw new PaymentError("NOT_PERMITTED", "only terminals and operators may see payments");
  }
  const terminal = await registry.terminal(terminalId);
  if (terminal === undefined) {
    throw new PaymentError("TERMINAL_UNKNOWN", `terminal ${terminalId} is not registered here`);
  }
  return { kind: "merchant", merchantId: terminal.merchantId, terminalId };
}

/** Who asks for a payment to be undone, and which ones are in reach. */
export interface Canceller {
  readonly merchantId: MerchantId;
  /** Empty for whoever is no terminal. */
  readonly terminalId: TerminalId | "";
  /**
   * Why a payment of this merchant that another terminal brought is out of reach; undefined when it
   * is not.
   */
  readonly refusal: PaymentError | undefined;
}

/**
 * A terminal that the registry does not have, or has with another merchant, may still have ended
 * what it submitted: its payments are refused, and the processor's word that nothing was charged is
 * the only one that it believes.
 *
 * @param requested merchant id, or "" for the caller's own.
 * @throws PaymentError TERMINAL_UNKNOWN, NOT_PERMITTED or MALFORMED_REQUEST.
 */
export async function cancellerOf(
  identity: string | undefined,
  requested: string,
  registry: Pick<Registry, "terminal">,
): Promise<Canceller> {
  try {
    const scope = await scopeOf(identity, registry);
    const merchantId = merchantWithin(scope, requested);
    if (merchantId === undefined) {
      const field = "merchant_id";
      throw new PaymentError("MALFORMED_REQUEST", `${field} is required, got nothing`, { field });
    }
    const terminalId = scope.kind === "merchant" ? scope.terminalId : "";
    return { merchantId, terminalId, refusal: undefined };
  } catch (error) {
    const terminalId = identity === undefined ? undefined : terminalOf(identity);
    if (!(error instanceof PaymentError) || !OUTSIDE.includes(error.code)) throw error;
    if (terminalId === undefined || requested === "") throw error;
    return { merchantId: parseMerchantId(requested), terminalId, refusal: error };
  }
}

const OUTSIDE: readonly PaymentErrorCode[] = ["TERMINAL_UNKNOWN", "NOT_PERMITTED"];

/** `spiffe://cardlane.dev/terminal/TILL0001` → `TILL0001`; undefined for anybody else. */
export function terminalOf(identity: string): TerminalId | undefined {
  const [role, name, more] = identityPath(identity);
  if (role !== "terminal" || name === undefined || more !== undefined) return undefined;
  return parseTerminalId(name, "terminal_id of the certificate");
}

/**
 * The merchant to ask for: the caller's own, or the one it names if it may.
 *
 * @returns undefined for all merchants.
 * @throws PaymentError NOT_PERMITTED for somebody else's merchant.
 */
export function merchantWithin(scope: Scope, requested: string): MerchantId | undefined {
  const named = requested === "" ? undefined : parseMerchantId(requested);
  if (scope.kind === "all") return named;
  if (named !== undefined && named !== scope.merchantId) {
    throw new PaymentError("NOT_PERMITTED", "merchant_id must be the caller's own", {
      field: "merchant_id",
    });
  }
  return scope.merchantId;
}

function identityPath(identity: string): readonly string[] {
  return identity.replace(/^spiffe:\/\/[^/]+\//, "").split("/");
}
