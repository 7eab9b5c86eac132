import { ProcessorService } from "../gen/cardlane/processor/v1/processor_pb.ts";
import { type MeshService, type MethodsOf, service } from "../mesh/service.ts";
import type { Manifest } from "../sealing/keys/manifest.ts";
import { HOP_BOX_BYTES_MAX, type ProcessParts, ProcessStream } from "./stream/process-stream.ts";

/** Room for the frame around the largest box. */
export const FRAME_BYTES_MAX = HOP_BOX_BYTES_MAX + 1_024;

/** cardlane.processor.v1.ProcessorService. */
export function processorService(parts: ProcessParts): MeshService {
  const methods: MethodsOf<typeof ProcessorService> = {
    process: (stream) => new ProcessStream(stream, parts),
    getManifest: ({ haveNumber }) =>
      manifestUnlessKnown(parts.keys.manifestAt(parts.clock.nowMs()), haveNumber),
  };
  return service(ProcessorService, methods, { process: FRAME_BYTES_MAX });
}

function manifestUnlessKnown({ number, delegated }: Manifest, haveNumber: bigint) {
  return haveNumber === number ? {} : { manifest: delegated };
}
