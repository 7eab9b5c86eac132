import { ProcessorService } from "../gen/cardlane/processor/v1/processor_pb.ts";
import { type MeshService, service } from "../mesh/service.ts";
import type { Manifest } from "../sealing/manifest.ts";
import { type ProcessParts, ProcessStream } from "./stream/process-stream.ts";

/** cardlane.processor.v1.ProcessorService. */
export function processorService(parts: ProcessParts): MeshService {
  return service(ProcessorService, {
    process: (stream) => new ProcessStream(stream, parts),
    getManifest: ({ haveNumber }) =>
      manifestUnlessKnown(parts.keys.manifestAt(parts.clock.nowMs()), haveNumber),
  });
}

function manifestUnlessKnown({ number, delegated }: Manifest, haveNumber: bigint) {
  return haveNumber === number ? {} : { manifest: delegated };
}
