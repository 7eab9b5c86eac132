/** What a shell calls an end by these: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type Ending = keyof typeof EXIT_CODES;

/** Somebody asks this run to end; it stops what it has started first. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;

  constructor(signal: Ending) {
    super(`interrupted by ${signal}`);
    this.exitCode = EXIT_CODES[signal];
  }
}

/**
 * Rejects with Interrupted at the first Ctrl-C, or when the system wants the process to end. A
 * second one of the same kind ends it at once.
 */
export function interruption(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  for (const signal of Object.keys(EXIT_CODES) as Ending[]) {
    process.once(signal, () => {
      console.error("stopping what was started; once more ends at once");
      reject(new Interrupted(signal));
    });
  }
  // It may come when nobody waits: while a mesh starts, or is stopped.
  promise.catch(() => undefined);
  return promise;
}
