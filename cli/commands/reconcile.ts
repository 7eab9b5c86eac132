import type { CallOptions } from "@connectrpc/connect";
import { openRunningMesh, type RunningMesh } from "../../dev-mesh/clients.ts";
import { printable } from "../../mesh/printable.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import { KeyFolder } from "../../sealing/keys/key-files.ts";
import { type Manifest, verifyManifest } from "../../sealing/keys/manifest.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import type { CommandIo } from "../io/command-io.ts";
import type { Flags, OptionsOf } from "../io/flags.ts";
import { type Column, tableLines } from "../print/text.ts";
import { reconcile as compare, DIFFERENCES_MAX, misbalanced } from "../reconciliation.ts";

/** For all pages together: tens of millions of payments. */
const READ_MS_MAX = 6 * 3_600_000;
const DAY_MS = 86_400_000n;

const COLUMNS: readonly Column[] = [{ heading: "Of" }, { heading: "Difference" }];

export const RECONCILE_FLAGS = {
  "--merchant <id>": "only payments of this merchant",
  "--since <day>": "only payments from this day on, YYYY-MM-DD in UTC",
  "--until <day>": "only payments up to this day",
} satisfies Flags;

/** Names every difference between relay, processor and signed results. @returns the exit code. */
export async function reconcile(
  io: CommandIo,
  options: OptionsOf<typeof RECONCILE_FLAGS>,
): Promise<number> {
  const within = withinOf(options);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const call = { timeoutMs: READ_MS_MAX, signal: io.interrupted };
  const startedAtMs = io.clock.nowMs();
  const { relayOversight, processorOversight } = mesh.clients;
  const reconciled = await compare({
    records: pagesOf(relayOversight.streamRecords(within, call), ({ records }) => records),
    payments: pagesOf(processorOversight.streamPayments(within, call), ({ payments }) => payments),
    manifest: await manifestOf(mesh, startedAtMs, call),
    startedAtMs,
  });
  // A balance is of all payments, whichever were asked for.
  const isAll = within.merchantId === "" && within.fromMs === 0n && within.beforeMs === 0n;
  const accounts = pagesOf(processorOversight.streamAccounts({}, call), (page) => page.accounts);
  const unbalanced = isAll ? await misbalanced(accounts) : [];
  const differences = [...reconciled.differences, ...unbalanced];
  const { compared, open } = reconciled;
  if (options.json === true) {
    io.print(JSON.stringify({ compared, open, differences }));
  } else {
    const rows = differences.map(({ of, says }) => [printable(of), printable(says)]);
    for (const line of rows.length === 0 ? [] : tableLines(COLUMNS, rows, io.paint)) io.print(line);
    if (differences.length >= DIFFERENCES_MAX) io.tell("There are more differences than these.");
    const left = open === 0 ? "" : ` · ${open} not final yet`;
    io.print(`${compared} payments compared${left} · ${differences.length} differences`);
  }
  return differences.length === 0 ? EXIT_CODES.approved : EXIT_CODES.declined;
}

function withinOf({ merchant = "", since, until }: OptionsOf<typeof RECONCILE_FLAGS>) {
  const fromMs = since === undefined ? 0n : dayOf(since, "--since");
  const beforeMs = until === undefined ? 0n : dayOf(until, "--until") + DAY_MS;
  return { merchantId: merchant, fromMs, beforeMs };
}

/** @throws CommandError USAGE */
function dayOf(text: string, flag: string): bigint {
  const timeMs = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (timeMs > 0) return BigInt(timeMs);
  throw new CommandError("USAGE", `${flag} must be a day such as 2026-03-01, got "${text}"`);
}

async function* pagesOf<Page, Entry>(
  pages: AsyncIterable<Page>,
  entriesOf: (page: Page) => readonly Entry[],
): AsyncGenerator<readonly Entry[]> {
  for await (const page of pages) yield entriesOf(page);
}

/** Checked here against the processor's root: neither side is believed about its own signatures. */
async function manifestOf(mesh: RunningMesh, nowMs: number, call: CallOptions): Promise<Manifest> {
  const { manifest: delegated } = await mesh.clients.relay.getManifest({}, call);
  const roots = new KeyFolder(mesh.directory.keysOf("terminal")).readTrustedRoots(curves);
  return verifyManifest({ curves, roots, delegated, nowMs, lowestNumber: 0n });
}
