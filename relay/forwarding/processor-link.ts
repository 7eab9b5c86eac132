import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { dial, type MeshChannel } from "../../mesh/client/dial.ts";
import type { Identity } from "../../mesh/identity/identity.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { ProcessorLink } from "./processor-lanes.ts";

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
