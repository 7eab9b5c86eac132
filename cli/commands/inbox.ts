import { inboxPageOf } from "../../dev-mesh/inbox-process.ts";
import { printable } from "../../mesh/printable.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import type { CommandIo, CommonOptions } from "../io/command-io.ts";
import { formatWhen } from "../print/text.ts";

interface Arrival {
  readonly channel: string;
  readonly arrivedAtMs: number;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Prints what arrived in the mailbox and the SMS centre of this mesh. @returns the exit code. */
export async function inbox(io: CommandIo, options: CommonOptions): Promise<number> {
  const page = inboxPageOf(options.dataDir);
  const { arrivals } = await fetchArrivals(page);
  if (options.json === true) {
    for (const arrival of arrivals) io.print(JSON.stringify(arrival));
    return EXIT_CODES.approved;
  }
  for (const { channel, arrivedAtMs, to, text } of arrivals) {
    const head = `${channel} to ${to}, ${formatWhen(arrivedAtMs)}`;
    io.print(io.paint("bold", printable(head)));
    for (const line of text.trimEnd().split("\n")) io.print(`  ${printable(line)}`.trimEnd());
    io.print("");
  }
  io.tell(io.paint("dim", `${arrivals.length} arrived; as they look: ${page}`));
  return EXIT_CODES.approved;
}

async function fetchArrivals(page: string): Promise<{ readonly arrivals: readonly Arrival[] }> {
  try {
    return JSON.parse(await (await fetch(`${page}/arrivals.json`)).text());
  } catch {
    throw new CommandError("MESH_NOT_RUNNING", `the inbox at ${page} does not answer`);
  }
}
