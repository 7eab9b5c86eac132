import type { Surroundings } from "../mesh/surroundings.ts";
import type { MeshClients } from "./clients.ts";
import type { MeshDirectory } from "./mesh-directory.ts";
import { ProgramStartError } from "./program-process.ts";
import type { Progress } from "./progress.ts";

/** What somebody else's program may stand in for. */
export const REPLACEABLE = ["reader", "processor"] as const;
type ReplaceableName = (typeof REPLACEABLE)[number];

/** "host:port" of programs that are not ours to start. */
export type Elsewhere = Readonly<Partial<Record<ReplaceableName, string>>>;

/** Long enough to start it by hand when the keys are there. */
const PATIENCE_MS = 300_000;
const AGAIN_AFTER_MS = 250;

interface AwaitOptions extends Pick<Surroundings, "clock"> {
  readonly clients: MeshClients;
  /** Where its keys are, for the message. */
  readonly directory: MeshDirectory;
  readonly signal: AbortSignal | undefined;
  readonly step: Progress["step"];
}

/**
 * Resolves when everybody else's programs take part: a processor is SERVING, a reader has a session
 * with the terminal.
 *
 * @throws ProgramStartError when one does not in five minutes.
 */
export async function awaitElsewhere(elsewhere: Elsewhere, options: AwaitOptions): Promise<void> {
  for (const name of REPLACEABLE) {
    const address = elsewhere[name];
    if (address === undefined) continue;
    await options.step(
      `${name} (not ours)`,
      () => awaitOne(name, address, options),
      () => address,
    );
  }
}

async function awaitOne(
  name: ReplaceableName,
  address: string,
  { clients, directory, clock, signal }: AwaitOptions,
): Promise<void> {
  const untilMs = clock.monotonicMs() + PATIENCE_MS;
  const isThere = () => (name === "processor" ? clients.isServing(name) : clients.hasReader());
  while (!(await isThere())) {
    if (clock.monotonicMs() > untilMs) {
      const keys = directory.keysOf(name);
      throw new ProgramStartError(
        `no ${name} at ${address}: start it there with its keys, ${keys}`,
      );
    }
    await clock.sleep(AGAIN_AFTER_MS, signal);
  }
}
