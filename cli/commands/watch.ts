import { Code, ConnectError } from "@connectrpc/connect";
import {
  type WatchPaymentsResponse,
  WatchPaymentsResponseSchema,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { CommandError } from "../command-error.ts";
import type { CommandIo, CommonOptions } from "../command-io.ts";
import { EXIT_CODES } from "../exit-code.ts";
import { openRunningMesh, type RunningMesh } from "../open-running-mesh.ts";
import { printMessage } from "../print-message.ts";
import { recordRow } from "../record-lines.ts";
import { stateWord } from "../words.ts";

export interface WatchOptions extends CommonOptions {
  /** Sequence to start after, as typed; undefined: from now on. */
  readonly after?: string;
}

/** Before asking again a relay that went away. */
const REOPEN_DELAY_MS = 1_000;

/** Prints every change of every payment until Ctrl-C. @returns the exit code. */
export async function watch(io: CommandIo, options: WatchOptions): Promise<number> {
  let from = parseStart(options.after);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  // Asked first, so that a mesh that does not run is an error and not a reason to wait.
  await mesh.clients.relay.listPayments({ pageSize: 1 });
  io.tell(io.paint("dim", "Watching payments; Ctrl-C ends."));
  while (!io.interrupted.aborted) {
    for await (const change of changes(mesh, from, io.interrupted)) {
      from = { afterSequence: change.sequence, fromNow: false };
      if (options.json === true) printMessage(io, WatchPaymentsResponseSchema, change);
      else io.print(changeLine(change));
    }
    await io.clock.sleep(REOPEN_DELAY_MS, io.interrupted).catch(() => undefined);
  }
  return EXIT_CODES.approved;
}

interface Start {
  readonly afterSequence: bigint;
  readonly fromNow: boolean;
}

/** Ends when the stream does: relays end every stream after a while, and when they stop. */
async function* changes(
  mesh: RunningMesh,
  start: Start,
  signal: AbortSignal,
): AsyncGenerator<WatchPaymentsResponse> {
  try {
    for await (const change of mesh.clients.relay.watchPayments(start, { signal })) {
      // Sequence 0 is a sign of life.
      if (change.sequence > 0n) yield change;
    }
  } catch (error) {
    const { code } = ConnectError.from(error);
    if (code !== Code.Unavailable && code !== Code.Canceled) throw error;
  }
}

function changeLine({ sequence, payment, state }: WatchPaymentsResponse): string {
  const number = `#${sequence}`.padEnd(7);
  if (payment === undefined) return `${number} ${stateWord(state)}`;
  const [record, , kind, amount, card] = recordRow(payment);
  // The record is as it is now, the change may be an earlier one.
  const response = payment.state === state ? ` ${payment.responseCode}` : "";
  const outcome = `${stateWord(state)}${response}`;
  return `${number} ${record}  ${kind}  ${amount}  ${card}  ${outcome}`.trimEnd();
}

function parseStart(after: string | undefined): Start {
  if (after === undefined) return { afterSequence: 0n, fromNow: true };
  if (/^\d{1,18}$/.test(after)) return { afterSequence: BigInt(after), fromNow: false };
  throw new CommandError("USAGE", "--after must be a sequence number, 0 for the beginning");
}
