import type { Clock } from "../mesh/clock.ts";
import { type Arrival, Arrivals } from "./arrivals.ts";
import { type Doors, startInboxPage } from "./inbox-page.ts";
import { startMailbox } from "./mailbox.ts";
import { startSmsCentre } from "./sms-centre.ts";

/** Where to listen, each as "127.0.0.1:7406"; port 0 takes any. */
interface InboxAddresses {
  readonly pageListen: string;
  readonly smtpListen: string;
  readonly smppListen: string;
}

/** A mailbox and an SMS centre for development, and a page that shows what arrived. */
export interface Inbox extends AsyncDisposable {
  /** Of the page. */
  readonly address: string;
  readonly doors: Doors;
  readonly arrivals: readonly Arrival[];
}

/** @throws Error when a port is taken. */
export async function startInbox(
  { pageListen, smtpListen, smppListen }: InboxAddresses,
  clock: Clock,
): Promise<Inbox> {
  await using started = new AsyncDisposableStack();
  const arrivals = new Arrivals(() => clock.nowMs());
  const mailbox = started.use(await startMailbox(partsOf(smtpListen), arrivals));
  const centre = started.use(await startSmsCentre(partsOf(smppListen), arrivals));
  const doors = { smtp: mailbox.address, smpp: centre.address };
  const page = started.use(await startInboxPage(partsOf(pageListen), arrivals, doors));
  const open = started.move();
  return {
    address: page.address,
    doors,
    get arrivals() {
      return arrivals.all;
    },
    async [Symbol.asyncDispose]() {
      await open.disposeAsync();
    },
  };
}

function partsOf(listen: string): { readonly host: string; readonly port: number } {
  const colon = listen.lastIndexOf(":");
  return { host: listen.slice(0, colon), port: Number(listen.slice(colon + 1)) };
}
