import type { Log } from "../log.ts";
import { type DurableFiles, FileDamaged } from "./durable-files.ts";

/** What a file that is not what its name says is called from then on. */
const DAMAGED_PREFIX = "damaged-";

interface Reading {
  readonly files: DurableFiles;
  /** "payment-" */
  readonly prefix: string;
  /** What each file ought to be: "journal entry". */
  readonly kind: string;
  readonly log: Log;
}

/**
 * Reads every file that begins with `prefix`. One that cannot be read, or that `take` throws at,
 * is logged and left out, and stops no other. It is kept as `damaged-…` where the disk has room.
 */
export async function readEach(
  { files, prefix, kind, log }: Reading,
  take: (name: string, bytes: Uint8Array) => void,
): Promise<void> {
  for (const name of await files.list(prefix)) {
    const bytes = await files.read(name).catch((error) => {
      if (!(error instanceof FileDamaged)) throw error;
      log.failure(`${name} cannot be read from the disk; it counts as forgotten`, error);
      return undefined;
    });
    if (bytes === undefined) continue;
    try {
      take(name, bytes);
    } catch (error) {
      const aside = DAMAGED_PREFIX + name.slice(prefix.length);
      log.failure(`${name} is no ${kind}; it is kept as ${aside}`, error);
      await files
        .write(aside, bytes)
        .then(() => files.remove(name))
        .catch((cause) => log.failure(`${name} stays where it is: is the disk full?`, cause));
    }
  }
}
