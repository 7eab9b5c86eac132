import type { BlockList } from "node:net";
import type { ActKind } from "../audit/acts.ts";
import type { Rate } from "../mesh/limits/rate-limits.ts";
import type { Agreement, Curves, Signer } from "../sealing/curves/curves.ts";
import type { TrustedRoots } from "../sealing/keys/trusted-roots.ts";
import type { Institutions } from "./forwarding/flight.ts";
import type { ProcessorLink } from "./forwarding/processor-link.ts";
import type { RelayStore } from "./relay-store.ts";
import type { RelaySurroundings } from "./relay-surroundings.ts";

/** From Recorded until the relay gives up and reverses. */
export const DEADLINE_MS = 25_000;

export interface RelayOptions extends Omit<RelaySurroundings, "stopping" | "deadlineMs"> {
  readonly keys: RelayKeys;
  readonly store: RelayStore;
  readonly processors: readonly ProcessorLink[];
  readonly curves: Curves;
  /** `DEADLINE_MS` when left out. */
  readonly deadlineMs?: number | undefined;
  readonly flightsMax?: number | undefined;
  readonly institutions?: Institutions | undefined;
  /** Payments of each terminal that has a TLS identity. */
  readonly paymentRate?: Rate | undefined;
  /** Kinds of acts that need two operators. */
  readonly fourEyes?: readonly ActKind[] | undefined;
  /** Networks of the inside that webhooks may reach. */
  readonly webhookNetworks?: BlockList | undefined;
  /** Ids without a record that each TLS identity may cancel. */
  readonly tombstoneRate?: Rate | undefined;
}

interface RelayKeys {
  readonly hop: Agreement;
  readonly signing: Signer;
  readonly roots: TrustedRoots;
}
