import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type AuditEntry as AuditEntryMessage,
  type AuditEntrySchema,
  AuditService,
  AuditStep,
} from "../gen/cardlane/audit/v1/audit_pb.ts";
import { parseSequence } from "../mesh/list-request.ts";
import { type MeshService, service } from "../mesh/service.ts";
import { AUDIT_STEPS, type AuditEntry } from "./audit-entry.ts";
import type { AuditLog } from "./audit-log.ts";

/** cardlane.audit.v1.AuditService: the operators' log, to be read and verified elsewhere. */
export function auditService(entries: Pick<AuditLog, "pages">): MeshService {
  return service(AuditService, {
    async *streamAuditEntries({ afterSequence }, { signal }) {
      const after = parseSequence(afterSequence, "after_sequence");
      for await (const page of entries.pages(after)) {
        signal.throwIfAborted();
        yield { entries: page.map(messageOf) };
      }
    },
  });
}

function messageOf({
  atMs,
  step,
  ...entry
}: AuditEntry): MessageInitShape<typeof AuditEntrySchema> {
  return { ...entry, atMs: BigInt(atMs), step: AuditStep[step] };
}

/** What a service said, as it was written. @throws RangeError for a step that is none. */
export function entryOfMessage({ atMs, step, ...entry }: AuditEntryMessage): AuditEntry {
  const name = AUDIT_STEPS.find((one) => AuditStep[one] === step);
  if (name === undefined) throw new RangeError(`expected a step of an act, got ${step}`);
  return { ...entry, atMs: Number(atMs), step: name };
}
