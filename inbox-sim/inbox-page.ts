import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { signOfWebPage } from "../mesh/request/web-pages.ts";
import type { Arrival, Arrivals } from "./arrivals.ts";
import type { Listening } from "./mailbox.ts";

/** Where the other two doors of the inbox are. */
export interface Doors {
  /** "127.0.0.1:7425" */
  readonly smtp: string;
  readonly smpp: string;
}

/**
 * Shows what arrived: `/` for people, `/arrivals.json` and `/doors.json` for programs,
 * `/mail/<number>` a mail as its reader shows it.
 */
export async function startInboxPage(
  listen: { readonly host: string; readonly port: number },
  arrivals: Arrivals,
  doors: Doors,
): Promise<Listening> {
  const server = createServer((request, response) =>
    send(response, pageFor(request, arrivals, doors)),
  );
  server.listen(listen.port, listen.host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("bug: not a TCP address");
  return {
    address: `${listen.host}:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

function pageFor({ url = "/", headers }: IncomingMessage, arrivals: Arrivals, doors: Doors): Page {
  const page = signOfWebPage(headers);
  if (page !== undefined) return { status: 403, type: "text/plain", body: `${page}\n` };
  if (url === "/") return html(listOf(arrivals.all));
  if (url === "/arrivals.json") return json({ arrivals: arrivals.all });
  if (url === "/doors.json") return json(doors);
  const mail = arrivals.find(Number(/^\/mail\/(\d{1,9})$/.exec(url)?.[1] ?? 0));
  if (mail !== undefined) return html(mail.html || escaped(mail.text));
  return { status: 404, type: "text/plain", body: "nothing here\n" };
}

const html = (body: string): Page => ({ status: 200, type: "text/html", body });

function json(value: unknown): Page {
  return { status: 200, type: "application/json", body: `${JSON.stringify(value)}\n` };
}

function send(response: ServerResponse, { status, type, body }: Page): void {
  response.writeHead(status, {
    "content-type": `${type}; charset=utf-8`,
    "cache-control": "no-store",
    // A mail may contain anything; nothing in it runs, and nothing is fetched.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}

function listOf(arrivals: readonly Arrival[]): string {
  const items = arrivals.toReversed().map(itemOf);
  const shown = items.length === 0 ? "<p>Nothing has arrived yet.</p>" : items.join("\n");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Inbox</title><style>
body{font:16px system-ui,sans-serif;max-width:720px;margin:2rem auto;padding:0 1rem;color:#1f2328}
article{border:1px solid #d0d7de;border-radius:8px;padding:1rem;margin:1rem 0}
h2{font-size:1rem;margin:0 0 .25rem}p{margin:.25rem 0}small{color:#57606a}
iframe{width:100%;height:560px;border:0;border-radius:8px}
</style></head><body><h1>Inbox</h1>
${shown}
</body></html>
`;
}

function itemOf({ number, channel, arrivedAtMs, from, to, subject, text }: Arrival): string {
  const at = new Date(arrivedAtMs).toISOString();
  const head = `<small>${channel} · ${escaped(from)} → ${escaped(to)} · ${at}</small>`;
  if (channel === "SMS") return `<article>${head}<p>${escaped(text)}</p></article>`;
  const frame = `<iframe sandbox title="mail ${number}" src="/mail/${number}"></iframe>`;
  return `<article><h2>${escaped(subject)}</h2>${head}${frame}</article>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
