import { appendFile, mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { type HrTime, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import type { ProgramInstance } from "../program-instance.ts";
import type { SpanRecord } from "./span-record.ts";

/** When a file is this long it becomes the old one; two files are kept per program. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Appends finished spans as JSON lines to `<directory>/<program>-<instance>.jsonl`, for machines
 * without a collector. `readTrace` (span-record.ts) reads them back.
 */
export class SpanFile implements SpanExporter {
  readonly #directory: string;
  readonly #of: ProgramInstance;
  readonly #fileBytesMax: number;
  /** Writes follow one another, so lines never mix. */
  #lastWrite: Promise<void> = Promise.resolve();
  #fileBytes: number | undefined;

  constructor(
    directory: string,
    { program, instance }: ProgramInstance,
    bytesMax = FILE_BYTES_MAX,
  ) {
    this.#directory = directory;
    this.#of = { program, instance };
    this.#fileBytesMax = bytesMax;
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter["export"]>[1]): void {
    const lines = spans.map((span) => `${JSON.stringify(this.#recordOf(span))}\n`).join("");
    this.#lastWrite = this.#lastWrite
      .then(() => this.#append(lines))
      .then(
        () => done({ code: 0 }),
        (error: Error) => done({ code: 1, error }),
      );
  }

  forceFlush(): Promise<void> {
    return this.#lastWrite;
  }

  shutdown(): Promise<void> {
    return this.#lastWrite;
  }

  async #append(lines: string): Promise<void> {
    const { program, instance } = this.#of;
    const file = join(this.#directory, `${program}-${instance}.jsonl`);
    if (this.#fileBytes === undefined) {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      const found = await stat(file, { throwIfNoEntry: false });
      this.#fileBytes = found?.size ?? 0;
    }
    if (this.#fileBytes >= this.#fileBytesMax) {
      await rename(file, file.replace(/\.jsonl$/, ".old.jsonl"));
      this.#fileBytes = 0;
    }
    await appendFile(file, lines);
    this.#fileBytes += Buffer.byteLength(lines);
  }

  #recordOf(span: ReadableSpan): SpanRecord {
    const { traceId, spanId } = span.spanContext();
    return {
      traceId,
      spanId,
      parentSpanId: span.parentSpanContext?.spanId ?? null,
      name: span.name,
      kind: SpanKind[span.kind].toLowerCase(),
      ...this.#of,
      startedAtMs: millisOf(span.startTime),
      durationMs: millisOf(span.duration),
      ...(span.links.length === 0
        ? {}
        : { linkedTraceIds: span.links.map(({ context }) => context.traceId) }),
      isError: span.status.code === SpanStatusCode.ERROR,
      attributes: span.attributes as SpanRecord["attributes"],
    };
  }
}

/** Milliseconds with three decimals: microseconds are what the clock gives. */
function millisOf([seconds, nanos]: HrTime): number {
  return seconds * 1_000 + Math.round(nanos / 1_000) / 1_000;
}
