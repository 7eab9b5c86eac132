/** What a shell calls the end of a program whose reader went away: 128 + SIGPIPE. */
const READER_GONE = 141;

let isReaderGone = false;

/**
 * Ends this process once all that it printed has left it. A pipe takes 64 KiB, and `process.exit`
 * forgets what waits behind them for a slow reader.
 *
 * @param exitCode unless nobody reads the standard output any more; then it is 141.
 */
export async function endProcess(exitCode: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(written));
  process.exit(isReaderGone ? READER_GONE : exitCode);
}

/**
 * For a script that may print a lot: `… | head` closes the pipe early, which is no failure of it.
 *
 * @param stop what to do once nobody reads any more; by default the process ends.
 */
export function whenReaderIsGone(stop: () => void = () => void endProcess(READER_GONE)): void {
  process.stdout.on("error", () => {
    isReaderGone = true;
    stop();
  });
  // What goes on besides the answer may be of no interest to anybody.
  process.stderr.on("error", () => undefined);
}

/** Resolves when what was written before is out, or can not get out any more. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
