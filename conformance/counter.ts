import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { DEVELOPMENT_MESH } from "../dev-mesh/development-keys.ts";
import {
  type DelegatedManifest,
  DelegatedManifestSchema,
  SignedEnvelopeSchema,
} from "../gen/cardlane/keys/v1/keys_pb.ts";
import { ProcessorRegistryService } from "../gen/cardlane/processor/v1/processor_pb.ts";
import { DeviceState, RelayRegistryService } from "../gen/cardlane/relay/v1/relay_pb.ts";
import type { MeshChannel } from "../mesh/client/dial.ts";
import type { Clock } from "../mesh/clock.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import { nodeCurves as curves } from "../sealing/curves/node-curves.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";
import { type Manifest, verifyManifest } from "../sealing/keys/manifest.ts";
import type { Random } from "../sealing/random.ts";
import { DeviceMaker, type ReaderKeys, type RelayKeys, type TerminalKeys } from "./device-maker.ts";
import { PaymentSigner } from "./payment-signer.ts";

/** Whose shop the counter is in: nobody else's balance changes. */
const MERCHANT_ID = "CONFORMANCE0001";
/** EUR. */
const CURRENCIES = [978];
const SERIAL_DIGITS = 8;
const state = DeviceState.ACTIVE;

interface CounterOptions extends Pick<Surroundings, "clock"> {
  /** A development mesh's keys: a sub-folder for each program, and `roots`. */
  readonly keysDirectory: string;
  readonly random: Random;
}

/** A reader and a terminal of our own, with keys that the roots of a development mesh vouch for. */
export class Counter {
  readonly random: Random;
  readonly reader: ReaderKeys;
  readonly terminal: TerminalKeys;
  /** The mesh's own. */
  readonly relay: RelayKeys;
  readonly #stranger: ReaderKeys;
  readonly #keysDirectory: string;
  readonly #clock: Clock;
  #manifest: Manifest | undefined;
  #signer: PaymentSigner | undefined;

  constructor({ keysDirectory, clock, random }: CounterOptions) {
    this.#keysDirectory = keysDirectory;
    this.#clock = clock;
    this.random = random;
    const maker = new DeviceMaker({ directory: keysDirectory, nowMs: clock.nowMs(), random });
    const name = () =>
      Buffer.from(random.bytes(SERIAL_DIGITS / 2))
        .toString("hex")
        .toUpperCase();
    this.reader = maker.reader(`CONF-${name()}`);
    this.#stranger = maker.reader(`CONF-${name()}`);
    this.terminal = maker.terminal(name(), MERCHANT_ID);
    const folder = this.#folder("relay");
    this.relay = {
      certificate: folder.readCertificate(),
      relayId: DEVELOPMENT_MESH.relayId,
      hop: curves.agreement(folder.readKey("hop")),
      signing: curves.signer(folder.readKey("signing")),
    };
  }

  get manifest(): Manifest {
    if (this.#manifest === undefined) throw new Error("bug: no manifest was trusted yet");
    return this.#manifest;
  }

  /** One for all payments of the reader: its counter is never used twice. */
  get signer(): PaymentSigner {
    this.#signer ??= this.#signerOf(this.reader);
    return this.#signer;
  }

  /** Of a reader that is known nowhere. */
  get strangeSigner(): PaymentSigner {
    return this.#signerOf(this.#stranger);
  }

  /** Makes relay, terminal and reader known. */
  async registerAtProcessor(channel: MeshChannel): Promise<void> {
    const registry = channel.client(ProcessorRegistryService);
    const { reader, relay, terminal } = this;
    await registry.registerRelays({ relays: [{ certificate: relay.certificate, state }] });
    const { certificate } = terminal;
    await registry.registerTerminals({
      terminals: [{ certificate, state, currencies: CURRENCIES, simulateByAmount: true }],
    });
    await registry.registerReaders({
      readers: [{ certificate: reader.certificate, merchantId: MERCHANT_ID, state }],
    });
  }

  /** Makes terminal and reader known. */
  async registerAtRelay(channel: MeshChannel): Promise<void> {
    const registry = channel.client(RelayRegistryService);
    const { reader, terminal } = this;
    const { certificate } = terminal;
    await registry.registerTerminals({
      terminals: [{ certificate, state, currencies: CURRENCIES }],
    });
    await registry.registerReaders({
      readers: [{ certificate: reader.certificate, merchantId: MERCHANT_ID, state }],
    });
  }

  /** Holds a manifest to the roots, as a reader does. @throws PaymentError */
  trust(delegated: DelegatedManifest | undefined): void {
    this.#manifest = verifyManifest({
      curves,
      roots: this.#folder("roots").readTrustedRoots(curves),
      delegated: delegated ?? create(DelegatedManifestSchema),
      nowMs: this.#clock.nowMs(),
      lowestNumber: 0n,
    });
  }

  /** Trusts the manifest that the processor's own folder has, where nobody can be asked for one. */
  trustFolder(): void {
    const folder = this.#folder("processor");
    this.trust(
      create(DelegatedManifestSchema, {
        delegation: folder.readMessage(SignedEnvelopeSchema, "manifest-delegation.json"),
        manifest: folder.readMessage(SignedEnvelopeSchema, "manifest.json"),
      }),
    );
  }

  #signerOf(reader: ReaderKeys): PaymentSigner {
    return new PaymentSigner({ keys: this, nowMs: () => this.#clock.nowMs(), reader });
  }

  #folder(program: "roots" | "relay" | "processor"): KeyFolder {
    return new KeyFolder(join(this.#keysDirectory, program));
  }
}
