import type { DelegatedManifest } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  ProcessorService,
  type ProcessRequest,
  type ProcessResponse,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { dial, type MeshChannel } from "../../mesh/client/dial.ts";
import type { Identity } from "../../mesh/identity/identity.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";

/** The way to one processor. */
export interface ProcessorLink {
  /** "127.0.0.1:7404", for logs. */
  readonly name: string;
  openStream(): FrameStream<ProcessRequest, ProcessResponse>;
  /** @returns undefined when the number given is the current one. */
  getManifest(haveNumber: bigint): Promise<DelegatedManifest | undefined>;
}

interface ProcessorLinkOptions extends Pick<Surroundings, "clock" | "telemetry"> {
  /** "host:port" */
  readonly target: string;
  readonly identity: Identity | undefined;
  /** "cardlane.dev" */
  readonly trustDomain: string;
}

/** The way to one processor over the network. */
export function dialProcessor(options: ProcessorLinkOptions): ProcessorLink & Disposable {
  const { target, identity, trustDomain, clock, telemetry } = options;
  const channel: MeshChannel = dial({
    targets: [target],
    services: [ProcessorService],
    identity,
    serverIdentity: `spiffe://${trustDomain}/processor/*`,
    clock,
    telemetry,
  });
  const client = channel.client(ProcessorService);
  return {
    name: target,
    openStream: () => channel.openStream(ProcessorService.method.process),
    getManifest: async (haveNumber) => (await client.getManifest({ haveNumber })).manifest,
    [Symbol.dispose]: () => channel[Symbol.dispose](),
  };
}
