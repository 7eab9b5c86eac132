import { create, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  ProcessorService,
  ProcessRequestSchema,
  ProcessResponseSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { type MeshServer, type ServeOptions, serve } from "../server/serve.ts";
import { service } from "../service.ts";
import type { FrameStream } from "../stream/frame-stream.ts";

export type EchoRequest = MessageShape<typeof ProcessRequestSchema>;
export type EchoResponse = MessageShape<typeof ProcessResponseSchema>;

/** Every call that reaches the server, by its method's name. */
export interface EchoServer extends MeshServer {
  readonly calls: string[];
  /** The server's side of each bidirectional stream. */
  readonly streams: FrameStream<EchoResponse, EchoRequest>[];
}

/**
 * A server for tests: `Process` sends every box back and fails at a Drain, `GetManifest` answers,
 * `WatchPayments` sends three changes, `GetPayment` fails with PAYMENT_NOT_FOUND, and
 * `ListPayments` fails with a bug.
 */
export async function echoServer(options: Partial<ServeOptions> = {}): Promise<EchoServer> {
  const calls: string[] = [];
  const streams: FrameStream<EchoResponse, EchoRequest>[] = [];
  const processor = service(ProcessorService, {
    getManifest() {
      calls.push("GetManifest");
      return {};
    },
    process(stream) {
      calls.push("Process");
      streams.push(stream);
      echo(stream);
    },
  });
  const relay = service(RelayService, {
    getPayment() {
      throw new PaymentError("PAYMENT_NOT_FOUND", "no such record", { field: "record_number" });
    },
    listPayments() {
      throw new TypeError("4242424242424242 is nobody's business");
    },
    async *watchPayments() {
      for (const sequence of [1n, 2n, 3n]) yield { sequence };
    },
  });
  const server = await serve({
    listen: "127.0.0.1:0",
    services: [processor, relay],
    clock: systemClock,
    log: silentLog,
    ...options,
  });
  return Object.assign(server, { calls, streams });
}

function echo(stream: FrameStream<EchoResponse, EchoRequest>): void {
  stream.onFrame(({ frame }) => {
    if (frame.case === "drain") throw new ConnectError("no drain here", Code.InvalidArgument);
    if (frame.case === "box") stream.send(create(ProcessResponseSchema, { frame }));
  });
  stream.onEnd(() => stream.end());
}

/** A frame with a box of this number and size. */
export function box(number: number, sealedBytes = 0): EchoRequest {
  const value = { number: BigInt(number), sealed: new Uint8Array(sealedBytes) };
  return create(ProcessRequestSchema, { frame: { case: "box", value } });
}

/** The number of the box in a frame; -1 for any other frame. */
export function boxNumber(message: EchoResponse): number {
  return message.frame.case === "box" ? Number(message.frame.value.number) : -1;
}
