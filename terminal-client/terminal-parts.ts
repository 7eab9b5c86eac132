import type { CheckedTerminalCertificate } from "../sealing/keys/certificates.ts";
import type { KeptManifest } from "../sealing/keys/kept-manifest.ts";
import { jitterFrom } from "../sealing/random.ts";
import type { Journal } from "./journal/journal.ts";
import { ReaderLink } from "./reader/reader-link.ts";
import type { Readiness } from "./readiness.ts";
import { ManifestFeed } from "./relay/manifest-feed.ts";
import { RelayLink } from "./relay/relay-link.ts";
import { ForgottenPayments } from "./settling/forgotten-payments.ts";
import { OpenPayments } from "./settling/open-payments.ts";
import type { PaymentRunOptions } from "./taking/payment-run.ts";
import type { TerminalOptions } from "./terminal-options.ts";

/** How long a till waits for the answer before it hears UNKNOWN. */
const ANSWER_MS_MAX = 30_000;

/** What a terminal has of its own before it speaks to anybody. */
export interface TerminalState {
  readonly certificate: CheckedTerminalCertificate;
  readonly manifest: KeptManifest;
  readonly journal: Journal;
}

/** What a terminal consists of. */
interface TerminalParts extends TerminalState {
  readonly relay: RelayLink;
  readonly reader: ReaderLink;
  readonly feed: ManifestFeed;
  readonly openPayments: OpenPayments;
  readonly forgotten: ForgottenPayments;
  readonly run: PaymentRunOptions;
}

interface Listening {
  readonly readiness: Readiness;
  /** The relay may have come or gone. Not called before every part is there. */
  readonly onRelayChange: () => void;
}

/** Builds the parts in the order of need; what must be closed goes onto `stack`. */
export function terminalParts(
  options: TerminalOptions,
  state: TerminalState,
  { readiness, onRelayChange }: Listening,
  stack: AsyncDisposableStack,
): TerminalParts {
  const { clock, random, log, faults, telemetry, instance, answerMsMax = ANSWER_MS_MAX } = options;
  const { certificate, manifest, journal } = state;
  const jitter = jitterFrom(random);
  const relay = stack.use(
    new RelayLink({
      open: options.openRelayStream,
      calls: options.relayCalls,
      merchantId: certificate.merchantId,
      certificate: options.certificate,
      instance,
      clock,
      log,
      jitter,
      onChange: onRelayChange,
    }),
  );
  const reader = stack.use(
    new ReaderLink(
      options.openReaderStream,
      {
        envelope: options.certificate,
        ...{ certificate, manifest, clock, random, log },
        curves: options.curves,
        roots: options.roots,
        identity: options.identity,
      },
      readiness.changed,
    ),
  );
  const onNewer = () => {
    reader.offerManifest();
    readiness.changed();
  };
  const feed = stack.use(new ManifestFeed(relay, manifest, { clock, log }, onNewer));
  const openPayments = stack.use(
    new OpenPayments({
      ...{ journal, reader, relay, manifest, certificate, clock, jitter, log, faults },
      renewManifest: feed.renew,
    }),
  );
  const forgotten = new ForgottenPayments(relay, openPayments, clock);
  const run = {
    ...{ journal, reader, openPayments, certificate, clock, random, telemetry, faults },
    answerMsMax,
  };
  return { ...state, relay, reader, feed, openPayments, forgotten, run };
}
