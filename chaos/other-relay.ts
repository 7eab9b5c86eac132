import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@connectrpc/connect";
import { KeyMaker } from "../dev-mesh/key-maker.ts";
import type { Mesh } from "../dev-mesh/mesh-processes.ts";
import { planOf } from "../dev-mesh/program-plans.ts";
import { type ProgramProcess, startProgram } from "../dev-mesh/program-process.ts";
import { SignedEnvelopeSchema } from "../gen/cardlane/keys/v1/keys_pb.ts";
import { DeviceState, RelayRegistryService } from "../gen/cardlane/relay/v1/relay_pb.ts";
import { dial, type MeshChannel } from "../mesh/client/dial.ts";
import type { Clock } from "../mesh/clock.ts";
import { setUpDatabase } from "../prisma/embedded/program-databases.ts";
import { nodeCurves as curves } from "../sealing/curves/node-curves.ts";
import { issueRelayCertificate } from "../sealing/keys/issue-certificates.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";
import { ROOT_SIGNATURES_MIN } from "../sealing/keys/trusted-roots.ts";
import type { TestKeys } from "../test/fixtures/keys.ts";
import type { Links } from "./links.ts";
import { OTHER_RELAY, OTHER_RELAY_ID } from "./relay-names.ts";
import type { RelayProof } from "./run-tls.ts";

const SKEW_MS = 3_600_000;
const STOP_GRACE_MS = 10_000;

/** A relay of somebody else at the same processors: an id, keys and a database of its own. */
export class OtherRelay implements AsyncDisposable {
  /** "host:port" */
  readonly address: string;
  /** As its operator. */
  readonly registry: Client<typeof RelayRegistryService>;
  readonly #channel: MeshChannel;
  readonly #process: ProgramProcess;
  readonly #clock: Clock;

  static async start(parts: {
    readonly mesh: Mesh;
    readonly keys: TestKeys;
    readonly links: Links;
    /** The operator's; undefined in plaintext. */
    readonly proof: RelayProof | undefined;
    readonly clock: Clock;
  }): Promise<OtherRelay> {
    const { mesh, keys, links, proof, clock } = parts;
    const certificate = makeKeys(keys, mesh.directory.keys, clock.nowMs());
    const { processorRegistry } = mesh.clients;
    const state = DeviceState.ACTIVE;
    await processorRegistry.registerRelays({ relays: [{ certificate, state }] });
    await setUpDatabase(mesh.postgres, "relay", OTHER_RELAY);
    const processors = (["processor", "processor-2"] as const).map((name) =>
      links.via(OTHER_RELAY, name, mesh.program(name).address),
    );
    const planAt = await planOf("relay", {
      directory: mesh.directory,
      isTls: mesh.isTls,
      addressesOf: async () => (await Promise.all(processors)).join(","),
      databaseUrl: async (_, role) => mesh.postgres.url(OTHER_RELAY, role),
      environment: () => ({
        CARDLANE_INSTANCE: OTHER_RELAY_ID,
        CARDLANE_KEYS_DIR: join(mesh.directory.keys, OTHER_RELAY),
        ...(mesh.isTls && { CARDLANE_TLS_DIR: join(mesh.directory.tls, OTHER_RELAY) }),
      }),
    });
    const logFile = join(mesh.directory.path, "logs", `${OTHER_RELAY}.log`);
    const plan = { ...planAt("127.0.0.1:0"), name: OTHER_RELAY, logFile };
    const process = await startProgram(plan, clock);
    const services = [RelayRegistryService];
    const channel = dial({ targets: [process.address], services, clock, ...proof });
    return new OtherRelay(process, channel, clock);
  }

  private constructor(process: ProgramProcess, channel: MeshChannel, clock: Clock) {
    this.address = process.address;
    this.registry = channel.client(RelayRegistryService);
    this.#channel = channel;
    this.#process = process;
    this.#clock = clock;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#channel[Symbol.dispose]();
    await this.#process.stop(STOP_GRACE_MS, this.#clock);
  }
}

/** @returns its certificate, which the same acquirer signed that signed the first relay's. */
function makeKeys(keys: TestKeys, directory: string, nowMs: number) {
  const maker = new KeyMaker(directory, OTHER_RELAY, { curves, random: keys.random });
  const roots = new KeyFolder(join(keys.directory, "roots")).readKeys("acquirer-root");
  const notAfterMs = keys.manifest.wire.expiresAtMs;
  const validity = { notBeforeMs: BigInt(nowMs - SKEW_MS), notAfterMs };
  const certificate = issueRelayCertificate(
    {
      version: 1,
      development: true,
      ...validity,
      relayId: OTHER_RELAY_ID,
      hopKey: maker.agreement("hop"),
      signingKey: maker.signer("signing").publicKey,
    },
    roots.slice(0, ROOT_SIGNATURES_MIN).map(({ secretKey }) => curves.signer(secretKey)),
  );
  maker.folder.writeMessage(SignedEnvelopeSchema, "certificate.json", certificate);
  const file = "trusted-roots.json";
  copyFileSync(join(keys.pathOf("relay"), file), join(directory, OTHER_RELAY, file));
  return certificate;
}
