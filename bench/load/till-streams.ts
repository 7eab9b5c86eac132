import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import {
  RelayService,
  type TransactRequest,
  TransactRequestSchema,
  type TransactResponse,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { dial } from "../../mesh/client/dial.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { loadIdentity } from "../../mesh/identity/identity.ts";
import { silentLog } from "../../mesh/log.ts";
import { type LastingStream, lastingStream } from "../../mesh/stream/lasting-stream.ts";
import type { LoadSetup } from "./load-messages.ts";
import type { ReadyPayment } from "./reader-payments.ts";

/** TLS handshakes that are under way together. */
const OPENING_MAX = 16;

/** The tills' streams to the relays, each till under its own certificate. */
export class TillStreams {
  readonly #byTill: readonly Till[];

  private constructor(byTill: readonly Till[]) {
    this.#byTill = byTill;
  }

  /** Resolves when all are open. */
  static async open(
    setup: LoadSetup,
    onFrame: (frame: TransactResponse["frame"]) => void,
  ): Promise<TillStreams> {
    const byTill: Till[] = [];
    for (let start = 0; start < setup.tills.length; start += OPENING_MAX) {
      const some = setup.tills.slice(start, start + OPENING_MAX);
      byTill.push(
        ...(await Promise.all(some.map(({ tlsHolder }) => openTill(setup, tlsHolder, onFrame)))),
      );
    }
    return new TillStreams(byTill);
  }

  /** @returns whether a stream was there to take it. */
  submit({ till, readerPayment, signature }: ReadyPayment): boolean {
    const one = this.#byTill[till];
    if (one === undefined) throw new Error(`bug: no till ${till}`);
    one.next = (one.next + 1) % one.streams.length;
    const value = { payment: { readerPayment, signature } };
    const frame = create(TransactRequestSchema, { frame: { case: "submit", value } });
    return one.streams[one.next]?.send(frame) !== 0;
  }
}

interface Till {
  readonly streams: readonly LastingStream<TransactRequest>[];
  next: number;
}

async function openTill(
  setup: LoadSetup,
  tlsHolder: string,
  onFrame: (frame: TransactResponse["frame"]) => void,
): Promise<Till> {
  const targets = setup.relayAddresses;
  const channel = dial({
    targets,
    services: [RelayService],
    clock,
    ...(await identityOf(setup, tlsHolder)),
  });
  const open = async () => {
    const isUp = Promise.withResolvers<void>();
    const stream = lastingStream({
      open: () => channel.openStream(RelayService.method.transact),
      schema: TransactRequestSchema,
      program: "load/0.1.0",
      instance: tlsHolder,
      clock,
      jitter: () => 0.5,
      onFrame: (frame: TransactResponse) => onFrame(frame.frame),
      onUp: () => isUp.resolve(),
    });
    await isUp.promise;
    return stream;
  };
  // One after the other at first: they share the connection that the first one makes.
  const first = await open();
  const others = Array.from({ length: setup.streamsPerTill - 1 }, open);
  return { streams: [first, ...(await Promise.all(others))], next: 0 };
}

async function identityOf({ tlsDirectory, trustDomain }: LoadSetup, tlsHolder: string) {
  if (tlsDirectory === undefined) return {};
  const directory = join(tlsDirectory, tlsHolder);
  const identity = await loadIdentity(directory, { clock, log: silentLog });
  // It would look for new files every few seconds, a thousand times over.
  identity[Symbol.dispose]();
  return { identity, serverIdentity: `spiffe://${trustDomain}/relay/*` };
}
