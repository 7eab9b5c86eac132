import type { SignedEnvelope } from "../gen/cardlane/keys/v1/keys_pb.ts";
import type { SessionRequest, SessionResponse } from "../gen/cardlane/reader/v1/reader_pb.ts";
import type { DurableFiles } from "../mesh/disk/durable-files.ts";
import type { FrameStream } from "../mesh/stream/frame-stream.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import type { Curves, Signer } from "../sealing/curves/curves.ts";
import type { TrustedRoots } from "../sealing/keys/trusted-roots.ts";
import type { Random } from "../sealing/random.ts";
import type { RelayLinkOptions } from "./relay/relay-link.ts";

export interface TerminalOptions extends Surroundings {
  /** Says which terminal of which merchant this is; and the key that proves it to readers. */
  readonly certificate: SignedEnvelope;
  readonly identity: Signer;
  readonly roots: TrustedRoots;
  /** Journal and manifest. One terminal per directory. */
  readonly files: DurableFiles;
  /** `() => channel.openStream(ReaderService.method.session)` */
  readonly openReaderStream: () => FrameStream<SessionRequest, SessionResponse>;
  /** `() => channel.openStream(RelayService.method.transact)` */
  readonly openRelayStream: RelayLinkOptions["open"];
  /** `channel.client(RelayService)` of the same relay. */
  readonly relayCalls: RelayLinkOptions["calls"];
  /** Name of this program among others, for the relay's logs: "terminal-1". */
  readonly instance: string;
  readonly curves: Curves;
  readonly random: Random;
  /** How long a till waits before it hears UNKNOWN, in milliseconds; 30,000 when left out. */
  readonly answerMsMax?: number;
  /** Finished payments that the journal keeps, at least 1; 1,000 when left out. */
  readonly finishedMax?: number;
}
