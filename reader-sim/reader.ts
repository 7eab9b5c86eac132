import type { SignedEnvelope } from "../gen/cardlane/keys/v1/keys_pb.ts";
import type { DurableFiles } from "../mesh/disk/durable-files.ts";
import { serve } from "../mesh/server/serve.ts";
import type { MeshService } from "../mesh/service.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import type { Curves, Signer } from "../sealing/curves/curves.ts";
import { verifyReaderCertificate } from "../sealing/keys/certificates.ts";
import { KeptManifest } from "../sealing/keys/kept-manifest.ts";
import type { TrustedRoots } from "../sealing/keys/trusted-roots.ts";
import { DukptRegister } from "../sealing/pin/dukpt.ts";
import type { Random } from "../sealing/random.ts";
import { isProduction } from "../settings/environment.ts";
import { readerControlService } from "./reader-control-service.ts";
import { ReaderDevice } from "./reader-device.ts";
import { ReaderStore, TAKEN_IDS_MAX } from "./reader-store.ts";
import { readerService } from "./session/reader-service.ts";

export interface ReaderOptions extends Surroundings {
  /** What the vendor and its keys say that this reader is. */
  readonly certificate: SignedEnvelope;
  readonly roots: TrustedRoots;
  readonly identity: Signer;
  readonly signing: Signer;
  /**
   * The 16 bytes that a new reader derives its PIN keys from; asked for on the very first start
   * only. The caller destroys its own copy once the reader is open.
   */
  readonly dukptInitialKey: () => Uint8Array;
  readonly files: DurableFiles;
  /** Signed payment ids that it remembers, at least 1; 1,024 when left out. */
  readonly takenIdsMax?: number;
  readonly curves: Curves;
  readonly random: Random;
  /** Whether hands and cards can be simulated over gRPC: never in production. */
  readonly isControlled: boolean;
}

/** A reader without a network: a simulation gives it streams, `startReader` a port. */
export interface OpenedReader extends AsyncDisposable {
  readonly device: ReaderDevice;
  readonly services: readonly MeshService[];
}

/** @throws Error when certificate and keys do not belong together, or NODE_ENV forbids control. */
export async function openReader(options: ReaderOptions): Promise<OpenedReader> {
  const { roots, curves, clock, identity, signing, certificate: envelope } = options;
  if (options.isControlled && isProduction()) {
    throw new Error("the reader's control service is refused with NODE_ENV=production");
  }
  const certificate = verifyReaderCertificate({ curves, roots, envelope, nowMs: clock.nowMs() });
  requireSameKey("identity", certificate.identity.publicKey, identity.publicKey);
  requireSameKey("signing", certificate.signing.publicKey, signing.publicKey);

  const { files, takenIdsMax = TAKEN_IDS_MAX, log } = options;
  const newRegister = () => {
    const initialKey = options.dukptInitialKey();
    return DukptRegister.load(certificate.wire.dukptInitialKeyId, initialKey);
  };
  const store = await ReaderStore.open({ files, takenIdsMax, log, newRegister });
  const manifest = await KeptManifest.open(curves, roots, store.manifestFile);
  const device = new ReaderDevice({ ...options, certificate, store, manifest });
  const parts = { ...options, store, manifest, envelope, certificate };
  const services = [readerService(device, parts)];
  if (options.isControlled) services.push(readerControlService(device));
  return { device, services, [Symbol.asyncDispose]: () => device[Symbol.asyncDispose]() };
}

interface RunningReader extends AsyncDisposable {
  /** "127.0.0.1:7401" */
  readonly address: string;
  drain(graceMs: number): Promise<void>;
}

/**
 * Opens a reader and serves it.
 *
 * @param listen "host:port"; Salt protects the session, so there is no TLS.
 */
export async function startReader(listen: string, options: ReaderOptions): Promise<RunningReader> {
  await using stack = new AsyncDisposableStack();
  const { services } = stack.use(await openReader(options));
  const { clock, log, telemetry } = options;
  const server = stack.use(await serve({ listen, services, clock, log, telemetry }));
  const running = stack.move();
  return {
    address: server.address,
    async drain(graceMs) {
      await server.drain(graceMs);
      await running.disposeAsync();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function requireSameKey(name: string, certified: Uint8Array, held: Uint8Array): void {
  if (Buffer.compare(certified, held) !== 0) {
    throw new Error(`the reader's ${name} key is not the one in its certificate`);
  }
}
