import { create } from "@bufbuild/protobuf";
import type { MeshDirectory } from "../../dev-mesh/mesh-directory.ts";
import {
  DelegatedManifestSchema,
  SignedEnvelopeSchema,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { fastCurves as curves } from "../../sealing/curves/chosen-curves.ts";
import { KeyFolder } from "../../sealing/keys/key-files.ts";
import { verifyManifest } from "../../sealing/keys/manifest.ts";
import { type Recipients, recipientsAt } from "../../sealing/reader-payment.ts";

/** What readers of this mesh seal for, out of the processor's own manifest. */
export function recipientKeysOf(directory: MeshDirectory): Recipients {
  const folder = new KeyFolder(directory.keysOf("processor"));
  const nowMs = clock.nowMs();
  const manifest = verifyManifest({
    curves,
    roots: folder.readTrustedRoots(curves),
    delegated: create(DelegatedManifestSchema, {
      delegation: folder.readMessage(SignedEnvelopeSchema, "manifest-delegation.json"),
      manifest: folder.readMessage(SignedEnvelopeSchema, "manifest.json"),
    }),
    nowMs,
    lowestNumber: 0n,
  });
  return recipientsAt(manifest, nowMs, true);
}
