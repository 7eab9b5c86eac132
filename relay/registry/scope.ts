import { PaymentError } from "../../payment/errors.ts";
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
