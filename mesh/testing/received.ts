import type { FrameStream, StreamEnd } from "../stream/frame-stream.ts";

/** What a stream gave so far, and promises for what a test waits for. */
export interface Received<In> {
  readonly frames: In[];
  /** Resolves once so many frames have come. */
  count(frames: number): Promise<In[]>;
  readonly end: Promise<StreamEnd>;
}

/** Listens to a stream for a test. */
export function receive<In>(
  stream: Pick<FrameStream<never, In>, "onFrame" | "onEnd">,
): Received<In> {
  const frames: In[] = [];
  const waiting: { readonly count: number; readonly resolve: (frames: In[]) => void }[] = [];
  const end = Promise.withResolvers<StreamEnd>();
  stream.onFrame((frame) => {
    frames.push(frame);
    for (const { count, resolve } of waiting) if (frames.length >= count) resolve(frames);
  });
  stream.onEnd(end.resolve);
  return {
    frames,
    end: end.promise,
    count(count) {
      if (frames.length >= count) return Promise.resolve(frames);
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
  };
}
