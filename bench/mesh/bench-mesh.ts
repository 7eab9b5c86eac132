import { once } from "node:events";
import { cpSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { makeDevelopmentKeys } from "../../dev-mesh/development-keys.ts";
import { makeDevelopmentTls } from "../../dev-mesh/development-tls.ts";
import { KeyMaker } from "../../dev-mesh/key-maker.ts";
import { ANY_PORTS } from "../../dev-mesh/mesh-addresses.ts";
import { MeshDirectory } from "../../dev-mesh/mesh-directory.ts";
import { type Mesh, startMesh } from "../../dev-mesh/mesh-processes.ts";
import { planOf, SPIFFE_PATHS, TRUST_DOMAIN } from "../../dev-mesh/program-plans.ts";
import { type ProgramProcess, startProgram } from "../../dev-mesh/program-process.ts";
import { SignedEnvelopeSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { fastCurves as curves } from "../../sealing/curves/chosen-curves.ts";
import { issueRelayCertificate } from "../../sealing/keys/issue-certificates.ts";
import { KeyFolder } from "../../sealing/keys/key-files.ts";
import { ROOT_SIGNATURES_MIN } from "../../sealing/keys/trusted-roots.ts";
import { systemRandom as random } from "../../sealing/random.ts";
import { issueTills, registerTills, type Till, tillHolders } from "../load/tills.ts";

export interface BenchMeshOptions {
  readonly dataDirectory: string;
  /** 1 to 9 each. */
  readonly relayCount: number;
  readonly processorCount: number;
  readonly tillCount: number;
  /** By default mutual TLS. */
  readonly isTls?: boolean;
  /** For all programs: what is switched off, what is sampled. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The whole mesh as real processes, and tills that it knows. */
export interface BenchMesh extends AsyncDisposable {
  readonly mesh: Mesh;
  readonly directory: MeshDirectory;
  /**
   * Tills that nobody has had: each load generator begins to count at 1, and a reader's counter and
   * PIN keys serve once.
   */
  takeTills(count: number): readonly Till[];
  readonly relayAddresses: readonly string[];
  /** Program → its process ids. */
  readonly pids: ReadonlyMap<string, readonly number[]>;
}

const STOP_GRACE_MS = 10_000;

/** As in earnest: one trace of a hundred is kept, and what is worth a line is logged. */
const OBSERVED = {
  OTEL_TRACES_SAMPLER: "traceidratio",
  OTEL_TRACES_SAMPLER_ARG: "0.01",
  CARDLANE_LOG_LEVEL: "info",
  // One terminal stands for a whole shop here; the limit is kept count of all the same.
  CARDLANE_PAYMENTS_PER_SECOND: "10000",
};

export async function startBenchMesh(options: BenchMeshOptions): Promise<BenchMesh> {
  const { relayCount, processorCount, tillCount, isTls = true } = options;
  await using stack = new AsyncDisposableStack();
  const directory = new MeshDirectory(options.dataDirectory);
  const nowMs = clock.nowMs();
  makeDevelopmentKeys({ directory: directory.keys, nowMs, curves, random });
  const more = moreInstances(relayCount, processorCount);
  // Made before the mesh's own start, which leaves alone what is there: more of them are needed.
  await makeDevelopmentTls({
    directory: directory.tls,
    holders: { ...SPIFFE_PATHS, ...spiffePathsOf(more), ...tillHolders(tillCount) },
    trustDomain: TRUST_DOMAIN,
    nowMs,
  });
  const processorPorts = await freePorts(processorCount);
  const processors = processorPorts.map((port) => `127.0.0.1:${port}`).join(",");
  const environment = {
    ...OBSERVED,
    ...options.environment,
    // Only relays read it.
    CARDLANE_PROCESSORS: processors,
  };
  const mesh = stack.use(
    await startMesh({
      dataDirectory: directory.path,
      isTls,
      ports: { ...ANY_PORTS, processor: processorPorts[0] ?? 0 },
      environment,
    }),
  );
  const start = async (one: Instance, listen: string) => {
    const started = await startInstance(one, { mesh, directory, environment, listen, isTls });
    stack.defer(async () => void (await started.stop(STOP_GRACE_MS, clock)));
    return started;
  };
  const started: { readonly one: Instance; readonly process: ProgramProcess }[] = [];
  for (const one of more) {
    if (one.program === "relay") await introduceRelay(one, mesh, directory);
    const port = one.program === "processor" ? (processorPorts[one.number - 1] ?? 0) : 0;
    started.push({ one, process: await start(one, `127.0.0.1:${port}`) });
  }
  const issued = issueTills({ directory, count: tillCount, nowMs, curves, random });
  await registerTills(mesh.clients, issued);
  const running = stack.move();
  const free = issued.map(({ till }) => till);
  const of = (program: string) => started.filter(({ one }) => one.program === program);
  return {
    mesh,
    directory,
    takeTills(count) {
      if (count > free.length) throw new Error(`bug: ${free.length} tills left, wanted ${count}`);
      return free.splice(0, count);
    },
    relayAddresses: [mesh.addresses.relay, ...of("relay").map(({ process }) => process.address)],
    pids: new Map(
      (["relay", "processor", "pin-service"] as const).map((name) => [
        name,
        [mesh.program(name).pid, ...of(name).map(({ process }) => process.pid)],
      ]),
    ),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** A second or further relay or processor. */
interface Instance {
  readonly program: "relay" | "processor";
  readonly number: number;
  /** "A2", "P2" */
  readonly name: string;
  /** Folder of its TLS certificate and, for a relay, of its keys. */
  readonly holder: string;
}

function moreInstances(relayCount: number, processorCount: number): readonly Instance[] {
  const of = (program: Instance["program"], letter: string, count: number) =>
    Array.from({ length: count - 1 }, (_, index): Instance => {
      const number = index + 2;
      return { program, number, name: `${letter}${number}`, holder: `${program}-${number}` };
    });
  return [...of("processor", "P", processorCount), ...of("relay", "A", relayCount)];
}

function spiffePathsOf(instances: readonly Instance[]): Record<string, string> {
  return Object.fromEntries(
    instances.map(({ holder, program, name }) => [holder, `${program}/${name}`]),
  );
}

async function startInstance(
  { program, name, holder }: Instance,
  mesh: {
    readonly mesh: Mesh;
    readonly directory: MeshDirectory;
    readonly environment: Readonly<Record<string, string>>;
    readonly listen: string;
    readonly isTls: boolean;
  },
): Promise<ProgramProcess> {
  const { directory, isTls } = mesh;
  const keys = program === "relay" ? { CARDLANE_KEYS_DIR: join(directory.keys, holder) } : {};
  const planAt = await planOf(program, {
    directory,
    isTls,
    addressesOf: async (other) => mesh.mesh.addresses[other],
    databaseUrl: async (database, role) => mesh.mesh.postgres.url(database, role),
    environment: () => ({
      ...mesh.environment,
      ...keys,
      CARDLANE_INSTANCE: name,
      ...(isTls ? { CARDLANE_TLS_DIR: join(directory.tls, holder) } : {}),
    }),
  });
  const logFile = join(directory.path, "logs", `${holder}.log`);
  return await startProgram({ ...planAt(mesh.listen), logFile }, clock);
}

/** Gives another relay keys of its own, and makes it known to the processors. */
async function introduceRelay(
  { name: relayId, holder }: Instance,
  mesh: Mesh,
  directory: MeshDirectory,
): Promise<void> {
  const maker = new KeyMaker(directory.keys, holder, { curves, random });
  const roots = new KeyFolder(join(directory.keys, "roots")).readKeys("acquirer-root");
  const nowMs = clock.nowMs();
  const certificate = issueRelayCertificate(
    {
      version: 1,
      relayId,
      hopKey: maker.agreement("hop"),
      signingKey: maker.signer("signing").publicKey,
      notBeforeMs: BigInt(nowMs - 3_600_000),
      notAfterMs: BigInt(nowMs + 86_400_000),
      development: true,
    },
    roots.slice(0, ROOT_SIGNATURES_MIN).map(({ secretKey }) => curves.signer(secretKey)),
  );
  maker.folder.writeMessage(SignedEnvelopeSchema, "certificate.json", certificate);
  const trusted = "trusted-roots.json";
  cpSync(join(directory.keysOf("relay"), trusted), join(directory.keys, holder, trusted));
  const relays = [{ certificate, state: DeviceState.ACTIVE }];
  await mesh.clients.processorRegistry.registerRelays({ relays });
}

/** The relays have to know where all processors are before the first one listens. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  return await Promise.all(
    servers.map(async (server) => {
      await once(server, "listening");
      const address = server.address();
      server.close();
      await once(server, "close");
      return typeof address === "object" && address !== null ? address.port : 0;
    }),
  );
}
