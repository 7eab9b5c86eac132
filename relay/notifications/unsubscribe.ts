import { createHmac } from "node:crypto";
import { addressKey } from "../registry/contact.ts";

/** A page of the operator's, which puts an address on the list of those who want nothing more. */
export interface Unsubscribe {
  /** "https://shop.example/stop" */
  readonly url: string;
  /** Known to that page and to the relay alone. */
  readonly key: string;
}

/**
 * Headers by which a mail program offers to unsubscribe with one click (RFC 2369, RFC 8058). The
 * address is signed, so that nobody can put somebody else on the list: `signature` is HMAC-SHA-256
 * over the address in lower case, in base64url.
 */
export function unsubscribeHeaders({ url, key }: Unsubscribe, address: string) {
  const target = new URL(url);
  const signed = addressKey(address);
  target.searchParams.set("address", signed);
  target.searchParams.set(
    "signature",
    createHmac("sha256", key).update(signed).digest("base64url"),
  );
  return {
    // In one line: there are mail programs that do not find a URL on the next one.
    "List-Unsubscribe": { prepared: true, foldLines: false, value: `<${target.href}>` },
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
  };
}
