import { PaymentError } from "../../payment/errors.ts";
import {
  type MerchantId,
  parseMerchantId,
  parseTerminalId,
  type TerminalKey,
  terminalName,
} from "../../payment/identifiers.ts";
import { isActive, type Registry } from "./registry.ts";

/** Whose payments a caller may see. */
export type Scope = { readonly kind: "all" } | ({ readonly kind: "merchant" } & TerminalKey);

/**
 * A terminal that is active sees its merchant's payments, an operator all; in plaintext, which is
 * for development on one machine, there is nobody to tell apart.
 *
 * @param identity SPIFFE URI of the caller's certificate.
 * @throws PaymentError TERMINAL_UNKNOWN, TERMINAL_NOT_ACTIVE or NOT_PERMITTED.
 */
export async function scopeOf(
  identity: string | undefined,
  registry: Pick<Registry, "terminalNow">,
): Promise<Scope> {
  if (identity === undefined) return { kind: "all" };
  const [role] = identityPath(identity);
  if (role === "operator") return { kind: "all" };
  const key = terminalOf(identity);
  if (key === undefined) {
    throw new PaymentError("NOT_PERMITTED", "only terminals and operators may see payments");
  }
  const terminal = await registry.terminalNow(key);
  if (terminal === undefined) {
    throw new PaymentError(
      "TERMINAL_UNKNOWN",
      `terminal ${terminalName(key)} is not registered here`,
    );
  }
  if (!isActive(terminal)) {
    throw new PaymentError("TERMINAL_NOT_ACTIVE", `terminal ${terminalName(key)} is not active`);
  }
  return { kind: "merchant", ...key };
}

/**
 * `spiffe://cardlane.dev/terminal/CORNERCOFFEE001/TILL0001` names merchant and terminal; undefined
 * for anybody else.
 */
export function terminalOf(identity: string): TerminalKey | undefined {
  const [role, merchant, terminal, more] = identityPath(identity);
  if (role !== "terminal" || merchant === undefined || terminal === undefined) return undefined;
  if (more !== undefined) return undefined;
  return {
    merchantId: parseMerchantId(merchant, "merchant_id of the certificate"),
    terminalId: parseTerminalId(terminal, "terminal_id of the certificate"),
  };
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
