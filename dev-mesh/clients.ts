import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { AuditService } from "../gen/cardlane/audit/v1/audit_pb.ts";
import { PinOversightService } from "../gen/cardlane/pin/v1/pin_pb.ts";
import {
  ProcessorOversightService,
  ProcessorRegistryService,
} from "../gen/cardlane/processor/v1/processor_pb.ts";
import { ReaderControlService } from "../gen/cardlane/reader/v1/reader_pb.ts";
import { NotificationService } from "../gen/cardlane/relay/v1/notification_pb.ts";
import {
  RelayOversightService,
  RelayRegistryService,
  RelayService,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import { WebhookService } from "../gen/cardlane/relay/v1/webhook_pb.ts";
import {
  type PayRequest,
  type PayResponse,
  TerminalService,
} from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../gen/health/v1/health_pb.ts";
import { dial, type MeshChannel } from "../mesh/client/dial.ts";
import type { Clock } from "../mesh/clock.ts";
import { type Identity, loadIdentity } from "../mesh/identity/identity.ts";
import { silentLog } from "../mesh/log.ts";
import type { FrameStream } from "../mesh/stream/frame-stream.ts";
import { MeshDirectory, type ProgramName } from "./mesh-directory.ts";
import { type MeshFile, readMeshFile } from "./mesh-file.ts";
import { namedTransport, namingProgram } from "./named-transport.ts";
import { SPIFFE_PATHS, TRUST_DOMAIN } from "./program-plans.ts";

/** "host:port"; asked when a client is first used. */
type AddressOf = (name: ProgramName) => string;

const SERVICES: Readonly<Record<ProgramName, readonly DescService[]>> = {
  "pin-service": [PinOversightService, AuditService],
  reader: [ReaderControlService],
  processor: [ProcessorRegistryService, ProcessorOversightService, AuditService],
  relay: [
    RelayService,
    RelayRegistryService,
    RelayOversightService,
    NotificationService,
    WebhookService,
    AuditService,
  ],
  terminal: [TerminalService],
};

/** Generated clients of a mesh's programs, as the operator. Connects when first used. */
export class MeshClients implements Disposable {
  readonly #addressOf: AddressOf;
  readonly #clock: Clock;
  readonly #identity: Identity | undefined;
  readonly #channels = new Map<ProgramName, MeshChannel>();

  /** @param tlsDirectory where the operator's certificate is; undefined without TLS. */
  static async open(
    addressOf: AddressOf,
    clock: Clock,
    tlsDirectory?: string,
  ): Promise<MeshClients> {
    if (tlsDirectory === undefined) return new MeshClients(addressOf, clock, undefined);
    const identity = await loadIdentity(tlsDirectory, { clock, log: silentLog });
    return new MeshClients(addressOf, clock, identity);
  }

  private constructor(addressOf: AddressOf, clock: Clock, identity: Identity | undefined) {
    this.#addressOf = addressOf;
    this.#clock = clock;
    this.#identity = identity;
  }

  get relay(): Client<typeof RelayService> {
    return this.#client("relay", RelayService);
  }

  get relayRegistry(): Client<typeof RelayRegistryService> {
    return this.#client("relay", RelayRegistryService);
  }

  get notifications(): Client<typeof NotificationService> {
    return this.#client("relay", NotificationService);
  }

  get webhooks(): Client<typeof WebhookService> {
    return this.#client("relay", WebhookService);
  }

  get relayOversight(): Client<typeof RelayOversightService> {
    return this.#client("relay", RelayOversightService);
  }

  get processorOversight(): Client<typeof ProcessorOversightService> {
    return this.#client("processor", ProcessorOversightService);
  }

  get processorRegistry(): Client<typeof ProcessorRegistryService> {
    return this.#client("processor", ProcessorRegistryService);
  }

  get pinOversight(): Client<typeof PinOversightService> {
    return this.#client("pin-service", PinOversightService);
  }

  auditOf(name: "relay" | "processor" | "pin-service"): Client<typeof AuditService> {
    return this.#client(name, AuditService);
  }

  get terminal(): Client<typeof TerminalService> {
    return this.#client("terminal", TerminalService);
  }

  get readerControl(): Client<typeof ReaderControlService> {
    return this.#client("reader", ReaderControlService);
  }

  /** Whether the program can be reached and can do its work. */
  async isServing(name: ProgramName): Promise<boolean> {
    const check = this.#client(name, Health).check({});
    return await check.then(
      ({ status }) => status === HealthCheckResponse_ServingStatus.SERVING,
      () => false,
    );
  }

  /** Whether the terminal has a session with a reader. */
  async hasReader(): Promise<boolean> {
    return await this.terminal.getTerminal({}).then(
      ({ readerSerial }) => readerSerial !== "",
      () => false,
    );
  }

  /** Opens one payment at the terminal. */
  openPayment(): FrameStream<PayRequest, PayResponse> {
    return this.#channelOf("terminal").openStream(TerminalService.method.pay);
  }

  /** @throws always: the error, which names the program where it could not be reached. */
  rethrow(name: ProgramName, error: unknown): never {
    throw namingProgram(error, { name, address: this.#addressOf(name) });
  }

  [Symbol.dispose](): void {
    for (const channel of this.#channels.values()) channel[Symbol.dispose]();
    this.#identity?.[Symbol.dispose]();
  }

  #client<S extends DescService>(name: ProgramName, service: S): Client<S> {
    const program = { name, address: this.#addressOf(name) };
    return createClient(service, namedTransport(this.#channelOf(name).transport, program));
  }

  #channelOf(name: ProgramName): MeshChannel {
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const channel = dial({
      targets: [this.#addressOf(name)],
      services: SERVICES[name],
      clock: this.#clock,
      ...this.#tlsOf(name),
    });
    this.#channels.set(name, channel);
    return channel;
  }

  /** The reader is reached in plaintext on loopback always: stream 1 is protected by Salt. */
  #tlsOf(name: ProgramName): { identity?: Identity; serverIdentity?: string } {
    if (this.#identity === undefined || name === "reader") return {};
    const serverIdentity = `spiffe://${TRUST_DOMAIN}/${SPIFFE_PATHS[name]}`;
    return { identity: this.#identity, serverIdentity };
  }
}

/** A mesh that runs on this machine, seen from the command line. */
export interface RunningMesh extends Disposable {
  readonly directory: MeshDirectory;
  readonly file: MeshFile;
  readonly clients: MeshClients;
}

/** @throws MeshNotRunningError */
export async function openRunningMesh(dataDirectory: string, clock: Clock): Promise<RunningMesh> {
  const directory = new MeshDirectory(dataDirectory);
  const file = readMeshFile(dataDirectory);
  const tlsDirectory = file.isTls ? directory.tlsOf("operator") : undefined;
  const clients = await MeshClients.open((name) => file.addresses[name], clock, tlsDirectory);
  return { directory, file, clients, [Symbol.dispose]: () => clients[Symbol.dispose]() };
}
