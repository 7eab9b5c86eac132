import { Code, ConnectError } from "@connectrpc/connect";
import { openRunningMesh } from "../../dev-mesh/clients.ts";
import {
  type WatchPaymentsResponse,
  WatchPaymentsResponseSchema,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import { type CommandIo, printMessage } from "../io/command-io.ts";
import type { Flags, OptionsOf } from "../io/flags.ts";
import { recordRow } from "../print/record-lines.ts";
import { recordStateWord, stateWord } from "../print/words.ts";

export const WATCH_FLAGS = {
  "--after <sequence>": "start after this change; 0 for the beginning",
} satisfies Flags;

/** Before asking again a relay that went away. */
const REOPEN_DELAY_MS = 1_000;
const RESET =
  "The relay's database was restored: changes that were shown may be lost. See cardlane list.";
/** A log that is held back for longer is told; for less, transactions are just under way. */
const HELD_BACK_MS_TOLD = 5_000;

/** Prints every change of every payment until Ctrl-C. @returns the exit code. */
export async function watch(
  io: CommandIo,
  options: OptionsOf<typeof WATCH_FLAGS>,
): Promise<number> {
  let from = parseStart(options.after);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  // Asked first, so that a mesh that does not run is an error and not a reason to wait.
  await mesh.clients.relay.listPayments({ pageSize: 1 });
  io.tell(io.paint("dim", "Watching payments; Ctrl-C ends."));
  const lateness = new Lateness(io);
  const outage = new Absence(io);
  while (!io.interrupted.aborted) {
    try {
      const heard = mesh.clients.relay.watchPayments(from, { signal: io.interrupted });
      for await (const change of heard) {
        outage.ended(from);
        from = nextStart(from, change);
        if (change.logReset !== undefined) io.tell(RESET);
        if (change.sequence === 0n) lateness.hear(change);
        else if (options.json === true) printMessage(io, WatchPaymentsResponseSchema, change);
        else io.print(changeLine(change));
      }
    } catch (error) {
      // Relays end every stream after a while, and when they stop; a line may fall silent.
      const { code, rawMessage } = ConnectError.from(error);
      if (code !== Code.Unavailable && code !== Code.Canceled) throw error;
      if (code === Code.Unavailable) outage.began(rawMessage);
    }
    await io.clock.sleep(REOPEN_DELAY_MS, io.interrupted).catch(() => undefined);
  }
  return EXIT_CODES.approved;
}

interface Start {
  readonly afterSequence: bigint;
  readonly fromNow: boolean;
}

/** Where to go on after what was heard; relays of earlier versions say it with changes alone. */
function nextStart(from: Start, { position, sequence }: WatchPaymentsResponse): Start {
  const heard = position > sequence ? position : sequence;
  return heard === 0n ? from : { afterSequence: heard, fromNow: false };
}

/** Tells once that changes may be missing for now, and once that they are not any more. */
class Lateness {
  readonly #io: CommandIo;
  #isTold = false;

  constructor(io: CommandIo) {
    this.#io = io;
  }

  hear({ heldBackMs }: WatchPaymentsResponse): void {
    const isLate = heldBackMs > HELD_BACK_MS_TOLD;
    if (isLate === this.#isTold) return;
    this.#isTold = isLate;
    const seconds = Math.round(Number(heldBackMs) / 1_000);
    const line = isLate
      ? `Changes may be missing: a transaction in the database has not ended for ${seconds} s.`
      : "No change is held back any more.";
    this.#io.tell(this.#io.paint(isLate ? "yellow" : "dim", line));
  }
}

/** Tells once that the relay is away, and once that it is back. */
class Absence {
  readonly #io: CommandIo;
  #isAway = false;

  constructor(io: CommandIo) {
    this.#io = io;
  }

  began(why: string): void {
    if (this.#isAway || this.#io.interrupted.aborted) return;
    this.#isAway = true;
    this.#io.tell(this.#io.paint("yellow", `${printable(why)}; going on when it is back.`));
  }

  ended({ fromNow }: Start): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    // A relay of an earlier version had not said yet where to go on.
    const missed = fromNow ? "what changed meanwhile was missed" : "nothing was missed";
    this.#io.tell(this.#io.paint("dim", `The relay is back; ${missed}.`));
  }
}

function changeLine({ sequence, payment, state }: WatchPaymentsResponse): string {
  const number = `#${sequence}`.padEnd(7);
  if (payment === undefined) return `${number} ${stateWord(state)}`;
  const [record, , kind, amount, card] = recordRow(payment);
  // The record is as it is now, the change may be an earlier one.
  const why = payment.fault === undefined ? payment.responseCode : printable(payment.fault.code);
  const outcome = payment.state === state ? `${recordStateWord(payment)} ${why}` : stateWord(state);
  return `${number} ${record}  ${kind}  ${amount}  ${card}  ${outcome}`.trimEnd();
}

function parseStart(after: string | undefined): Start {
  if (after === undefined) return { afterSequence: 0n, fromNow: true };
  if (/^\d{1,18}$/.test(after)) return { afterSequence: BigInt(after), fromNow: false };
  throw new CommandError("USAGE", "--after must be a sequence number, 0 for the beginning");
}
