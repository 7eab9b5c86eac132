import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Receivers } from "./receivers.ts";

/** Longer than this nobody may have a webhook wait. */
const RETRY_AFTER_MS_MAX = 24 * 3_600_000;
/** RFC 9110, 5.6.7: the one form of a date that is still written. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Answers such as 103 that a receiver may send before the one that counts. */
const HINTS_MAX = 8;

/** What a receiver said; its body is nobody's business. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/**
 * Sends a signed message where the operator said, and nowhere else: no redirect is followed, and
 * the name stands for the addresses that were looked at.
 *
 * @throws InsideAddress, or whatever breaks the connection.
 */
export function postTo(
  receivers: Receivers,
  url: URL,
  message: {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly signal: AbortSignal;
  },
): Promise<Answer> {
  receivers.requireOutside(url);
  const { headers, body, signal } = message;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const length = { "content-length": String(Buffer.byteLength(body)) };
  // A connection of its own: one that is kept would be to what was looked at some time ago.
  // Said here, NODE_TLS_REJECT_UNAUTHORIZED of the environment cannot take it back.
  const proof = { rejectUnauthorized: true };
  const options = { method: "POST", agent: false, lookup: receivers.lookup, signal, ...proof };
  const call = request(url, { ...options, headers: { ...headers, ...length } });
  call.on("error", reject);
  call.on("close", () => reject(new Error("there was no answer")));
  let hints = 0;
  call.on("information", () => {
    hints += 1;
    if (hints > HINTS_MAX) call.destroy();
  });
  call.on("response", (response) => {
    response.on("error", () => undefined);
    const { statusCode = 0, headers: fields } = response;
    resolve({ status: statusCode, retryAfter: fields["retry-after"] });
    call.destroy();
  });
  call.end(body);
  return promise;
}

const UNKNOWN_AUTHORITY = "no authority that the relay trusts vouches for the receiver";
/** By the codes of OpenSSL and Node. */
const CERTIFICATE_PROBLEMS: ReadonlyMap<unknown, string> = new Map([
  ["ERR_TLS_CERT_ALTNAME_INVALID", "the receiver's certificate is for another name"],
  ["CERT_HAS_EXPIRED", "the receiver's certificate has expired"],
  ["CERT_NOT_YET_VALID", "the receiver's certificate is not valid yet"],
  // Another authority of the same name as one that is trusted.
  ["CERT_SIGNATURE_FAILURE", UNKNOWN_AUTHORITY],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", UNKNOWN_AUTHORITY],
  ["SELF_SIGNED_CERT_IN_CHAIN", UNKNOWN_AUTHORITY],
  ["UNABLE_TO_GET_ISSUER_CERT", UNKNOWN_AUTHORITY],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", UNKNOWN_AUTHORITY],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", UNKNOWN_AUTHORITY],
]);

/** @returns what is wrong with the receiver's certificate; undefined for any other error. */
export function certificateProblem(error: unknown): string | undefined {
  return error instanceof Error && "code" in error
    ? CERTIFICATE_PROBLEMS.get(error.code)
    : undefined;
}

/** @returns milliseconds from now, a day at most; undefined for what says no time to come. */
export function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const isDate = HTTP_DATE.test(text);
  const ms = isDate ? Date.parse(text) - nowMs : /^\d{1,9}$/.test(text) ? 1_000 * Number(text) : 0;
  return ms > 0 ? Math.min(ms, RETRY_AFTER_MS_MAX) : undefined;
}
