import { closeSync, openSync, readFileSync, readSync } from "node:fs";

const CHUNK_BYTES = 4 * 1_024 * 1_024;

/** What to look for: a name and its bytes, shorter than a chunk. */
type Patterns = Readonly<Record<string, Uint8Array>>;

/**
 * How often each pattern stands in what a process may write: heap, stacks, buffers. Linux alone,
 * and only a process of the same user that may be debugged.
 *
 * @throws Error when there is no such process, or its memory may not be read.
 */
export function scanProcess<P extends Patterns>(pid: number, patterns: P): Record<keyof P, number> {
  const found = Object.fromEntries(Object.keys(patterns).map((name) => [name, 0]));
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    for (const { from, to } of writableRegions(pid)) {
      for (const [name, bytes] of Object.entries(patterns)) {
        for (const chunk of chunksOf(memory, { from, to }, bytes.length - 1)) {
          found[name] = (found[name] ?? 0) + countIn(chunk, bytes);
        }
      }
    }
  } finally {
    closeSync(memory);
  }
  return found as Record<keyof P, number>;
}

interface Region {
  readonly from: number;
  readonly to: number;
}

/** Lines of `/proc/PID/maps` such as `7f00-7f10 rw-p …`. */
function writableRegions(pid: number): readonly Region[] {
  const maps = readFileSync(`/proc/${pid}/maps`, "utf8");
  return [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw/gm)].map(([, from = "", to = ""]) => ({
    from: Number.parseInt(from, 16),
    to: Number.parseInt(to, 16),
  }));
}

/** Two chunks share `overlap` bytes, one too few for the pattern: it is found once. */
function* chunksOf(memory: number, { from, to }: Region, overlap: number): Generator<Buffer> {
  const buffer = Buffer.alloc(CHUNK_BYTES);
  for (let position = from; position < to; position += CHUNK_BYTES - overlap) {
    const wanted = Math.min(CHUNK_BYTES, to - position);
    const read = readOrNothing(memory, buffer, { wanted, position });
    yield buffer.subarray(0, read);
    if (position + wanted >= to) break;
  }
  buffer.fill(0);
}

/** A region may be given back between the list and the look. */
function readOrNothing(
  memory: number,
  buffer: Buffer,
  { wanted, position }: { readonly wanted: number; readonly position: number },
): number {
  try {
    return readSync(memory, buffer, 0, wanted, position);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EIO") return 0;
    throw error;
  }
}

function countIn(chunk: Buffer, bytes: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(bytes); at >= 0; at = chunk.indexOf(bytes, at + 1)) count += 1;
  return count;
}
