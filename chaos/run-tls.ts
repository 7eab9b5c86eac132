import { join } from "node:path";
import { makeDevelopmentTls } from "../dev-mesh/development-tls.ts";
import { SPIFFE_PATHS, TRUST_DOMAIN } from "../dev-mesh/program-plans.ts";
import type { Clock } from "../mesh/clock.ts";
import { type Identity, loadIdentity } from "../mesh/identity/identity.ts";
import { silentLog } from "../mesh/log.ts";
import { terminalName } from "../payment/identifiers.ts";
import { OTHER_RELAY, OTHER_RELAY_ID } from "./relay-names.ts";

/** Who a client of a relay is, and whom it takes for one: mutual TLS. */
export interface RelayProof {
  readonly identity: Identity;
  readonly serverIdentity: string;
}

/** Makes the certificates of a mesh beforehand, with more of them for the load's terminals. */
export async function makeRunTls(options: {
  /** `tls` in the mesh's directory. */
  readonly directory: string;
  readonly terminals: readonly Parameters<typeof terminalName>[0][];
  readonly nowMs: number;
}): Promise<void> {
  const { directory, nowMs } = options;
  const terminals = Object.fromEntries(
    options.terminals.map((key) => [key.terminalId, `terminal/${terminalName(key)}`]),
  );
  const other = { [OTHER_RELAY]: `relay/${OTHER_RELAY_ID}` };
  const holders = { ...SPIFFE_PATHS, ...terminals, ...other };
  await makeDevelopmentTls({ directory, holders, trustDomain: TRUST_DOMAIN, nowMs });
}

/** @param holder a terminal's id, or "operator". */
export async function relayProof(
  tlsDirectory: string,
  holder: string,
  clock: Clock,
): Promise<RelayProof> {
  const directory = join(tlsDirectory, holder);
  const identity = await loadIdentity(directory, { clock, log: silentLog });
  return { identity, serverIdentity: `spiffe://${TRUST_DOMAIN}/relay/*` };
}
