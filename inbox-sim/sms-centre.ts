import { once } from "node:events";
import smpp, { type Pdu, type Session, type ShortMessage } from "smpp";
import type { Arrivals } from "./arrivals.ts";
import type { Listening } from "./mailbox.ts";

/** esm_class of a receipt, and the state that it tells (SMPP 3.4, sections 5.2.12 and 5.2.28). */
const IS_RECEIPT = 0x04;
const DELIVERED = 2;
/** command_status of a unit that ends before its message (section 5.1.3). */
const INVALID_MESSAGE_LENGTH = 1;

interface Joining {
  readonly count: number;
  readonly texts: Map<number, string>;
}

/**
 * An SMS centre on loopback: takes every message, joins long ones, and reports each part delivered
 * at once. The protocol is the work of the package `smpp`, not of the relay's own client.
 */
export async function startSmsCentre(
  listen: { readonly host: string; readonly port: number },
  arrivals: Arrivals,
): Promise<Listening> {
  const sessions = new Set<Session>();
  // A phone joins parts whatever connection the relay sent them over.
  const joining = new Map<string, Joining>();
  let lastMessage = 0;
  const server = smpp.createServer({}, (session) => {
    sessions.add(session);
    // After a unit that it cannot read, the package reads no more of that connection.
    session.on("error", () => session.destroy());
    session.on("close", () => sessions.delete(session));
    for (const bind of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) {
      session.on(bind, (pdu) => session.send(pdu.response({ system_id: "inbox" })));
    }
    session.on("enquire_link", (pdu) => session.send(pdu.response()));
    session.on("unbind", (pdu) => {
      session.send(pdu.response());
      session.close();
    });
    session.on("submit_sm", (pdu) => {
      if (pdu.short_message === undefined) {
        session.send(pdu.response({ command_status: INVALID_MESSAGE_LENGTH }));
        return;
      }
      lastMessage += 1;
      const messageId = `inbox-${process.pid}-${lastMessage}`;
      session.send(pdu.response({ message_id: messageId }));
      take(pdu, pdu.short_message, joining, arrivals);
      report(session, pdu, messageId);
    });
  });
  server.listen(listen.port, listen.host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("bug: not a TCP address");
  return {
    address: `${listen.host}:${address.port}`,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

function take(
  pdu: Pdu,
  message: ShortMessage,
  joining: Map<string, Joining>,
  arrivals: Arrivals,
): void {
  const joined = joinedText(pdu.destination_addr, message, joining);
  if (joined === undefined) return;
  const to = `+${pdu.destination_addr}`;
  arrivals.add({ channel: "SMS", from: pdu.source_addr, to, subject: "", text: joined, html: "" });
}

/** Undefined while parts are missing. */
function joinedText(
  to: string,
  { message, udh }: ShortMessage,
  joining: Map<string, Joining>,
): string | undefined {
  const text = String(message);
  // Element 0 or 8 of the header: reference of one octet or two, parts, number of this one.
  const element = udh?.find((one) => one[0] === 0x00 || one[0] === 0x08);
  if (element === undefined) return text;
  const [count = 1, number = 1] = element.subarray(-2);
  const key = `${to} ${element.subarray(2, -2).join()}`;
  const found = joining.get(key) ?? { count, texts: new Map() };
  found.texts.set(number, text);
  joining.set(key, found);
  if (found.texts.size < found.count) return undefined;
  joining.delete(key);
  return [...found.texts]
    .sort(([left], [right]) => left - right)
    .map(([, one]) => one)
    .join("");
}

function report(session: Session, pdu: Pdu, messageId: string): void {
  session.deliver_sm({
    esm_class: IS_RECEIPT,
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    short_message: `id:${messageId} sub:001 dlvrd:001 stat:DELIVRD err:000 text:`,
    receipted_message_id: messageId,
    message_state: DELIVERED,
  });
}
