import { once } from "node:events";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import type { Arrivals } from "./arrivals.ts";

const MAIL_BYTES_MAX = 1_048_576;
const CLOSE_MS = 1_000;

export interface Listening extends AsyncDisposable {
  /** "127.0.0.1:7425" */
  readonly address: string;
}

/** A mail server on loopback that takes everything for everybody and sends nothing on. */
export async function startMailbox(
  listen: { readonly host: string; readonly port: number },
  arrivals: Arrivals,
): Promise<Listening> {
  const server = new SMTPServer({
    name: "inbox.cardlane.example",
    size: MAIL_BYTES_MAX,
    closeTimeout: CLOSE_MS,
    // On loopback there is nobody to hide from, and no certificate that a client would trust.
    disabledCommands: ["AUTH", "STARTTLS"],
    onData(stream, { envelope }, done) {
      simpleParser(stream, { skipImageLinks: true })
        .then((mail) => {
          arrivals.add({
            channel: "EMAIL",
            from: mail.from?.text ?? "",
            to: envelope.rcptTo.map(({ address }) => address).join(", "),
            subject: mail.subject ?? "",
            text: mail.text ?? "",
            html: mail.html || "",
          });
          done();
        })
        .catch(done);
    },
  });
  server.on("error", () => undefined);
  const { host, port } = listen;
  const listener = server.listen(port, host);
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("bug: not a TCP address");
  return {
    address: `${host}:${address.port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
