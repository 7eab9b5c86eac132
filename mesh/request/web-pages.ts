import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "../loopback.ts";

/**
 * In plaintext whoever reaches the port may call, and so may a page in a browser of this machine:
 * its owner gives it a name of the web and lets that name stand for 127.0.0.1 (DNS rebinding), or
 * it asks without reading the answer. No client of a server in plaintext needs either.
 *
 * @returns why a request may be a page's, undefined when it is none.
 */
export function signOfWebPage(fields: IncomingHttpHeaders): string | undefined {
  const { origin, "sec-fetch-site": site = "none" } = fields;
  const isElsewhere = site !== "none" && site !== "same-origin";
  if (origin !== undefined || isElsewhere) return "pages of the web are not answered";
  const host = String(fields[":authority"] ?? fields.host ?? "").replace(/:\d{1,5}$/, "");
  if (isLoopback(host.toLowerCase())) return undefined;
  return "in plaintext the host must be localhost or a loopback address";
}
