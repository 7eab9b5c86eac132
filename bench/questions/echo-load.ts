import { once } from "node:events";
import { connect } from "node:http2";
import { FrameOutbox } from "../../mesh/stream/frame-outbox.ts";
import { MessageSplitter } from "../../mesh/stream/length-prefix.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";

interface EchoLoad extends Pick<Surroundings, "clock"> {
  readonly address: string;
  /** "/package.Service/Method" of a method that echoes. */
  readonly path: string;
  readonly frame: Uint8Array;
  readonly streams: number;
  /** Frames on the way per stream. */
  readonly windowFrames: number;
  readonly durationMs: number;
}

/** Sends frames on all streams as fast as they come back. @returns how many came back. */
export async function echoLoad(load: EchoLoad): Promise<number> {
  const session = connect(`http://${load.address}`);
  let frames = 0;
  let isOver = false;
  const streams = Array.from({ length: load.streams }, () => {
    const stream = session.request({
      ":method": "POST",
      ":path": load.path,
      "content-type": "application/grpc+proto",
      te: "trailers",
    });
    const limits = { queueBytesMax: Number.MAX_SAFE_INTEGER, stallMsMax: 60_000 };
    const sink = { write: (bytes: Buffer) => stream.write(bytes), cut: () => stream.destroy() };
    const outbox = new FrameOutbox(sink, limits, load.clock);
    const splitter = new MessageSplitter(65_536, () => {
      frames += 1;
      if (!isOver) outbox.add(load.frame);
    });
    stream.on("data", (chunk: Buffer) => splitter.push(chunk));
    stream.on("drain", () => outbox.transportWritable());
    for (let i = 0; i < load.windowFrames; i += 1) outbox.add(load.frame);
    return stream;
  });
  await load.clock.sleep(load.durationMs);
  isOver = true;
  const received = frames;
  for (const stream of streams) stream.destroy();
  session.close();
  await once(session, "close");
  return received;
}
