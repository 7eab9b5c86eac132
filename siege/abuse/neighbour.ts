import { LoadDevice } from "../../chaos/load/load-device.ts";
import { relayProof } from "../../chaos/run-tls.ts";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { NotificationService } from "../../gen/cardlane/relay/v1/notification_pb.ts";
import { type Completed, RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { dial, type MeshChannel } from "../../mesh/client/dial.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { silentLog } from "../../mesh/log.ts";
import { enumName } from "../../payment/enum-name.ts";
import { parseMerchantId } from "../../payment/identifiers.ts";
import { RelayLink } from "../../terminal-client/relay/relay-link.ts";
import { type BesiegedMesh, NEIGHBOUR, NEIGHBOUR_INDEX } from "../besieged-mesh.ts";

/** A terminal of another merchant, which has nothing to do with the attack. */
export class Neighbour implements AsyncDisposable {
  readonly #device: LoadDevice;
  readonly #channel: MeshChannel;
  readonly #link: RelayLink;
  readonly #resources: AsyncDisposableStack;

  /** Over TLS, under its own certificate. */
  static async open({ mesh, keys }: BesiegedMesh): Promise<Neighbour> {
    await using stack = new AsyncDisposableStack();
    const readerNowMs = () => clock.nowMs();
    const device = new LoadDevice({ keys, index: NEIGHBOUR_INDEX, readerNowMs });
    await device.register(mesh, undefined);
    const proof = await relayProof(mesh.directory.tls, NEIGHBOUR, clock);
    stack.use(proof.identity);
    const services = [RelayService, NotificationService];
    const channel = stack.use(dial({ targets: [mesh.addresses.relay], services, clock, ...proof }));
    const link = stack.use(
      new RelayLink({
        open: () => channel.openStream(RelayService.method.transact),
        calls: channel.client(RelayService),
        merchantId: parseMerchantId(device.merchantId),
        instance: device.terminalId,
        clock,
        log: silentLog,
        jitter: () => 0.5,
        onChange: () => undefined,
      }),
    );
    return new Neighbour({ device, channel, link, resources: stack.move() });
  }

  private constructor(parts: {
    readonly device: LoadDevice;
    readonly channel: MeshChannel;
    readonly link: RelayLink;
    readonly resources: AsyncDisposableStack;
  }) {
    this.#device = parts.device;
    this.#channel = parts.channel;
    this.#link = parts.link;
    this.#resources = parts.resources;
  }

  /** A payment without a PIN. @returns its record number. @throws Error when it is not approved. */
  async pay(): Promise<string> {
    const { signer, terminal } = this.#device;
    const { paymentId, signed } = signer.sign({ terminal, pin: null });
    const { promise, resolve, reject } = Promise.withResolvers<Completed>();
    using _submission = this.#link.submit({
      paymentId,
      signed,
      traceparent: "",
      onRecorded: () => undefined,
      onCompleted: resolve,
      onRefused: ({ fault }) => reject(new Error(`a neighbour's payment: ${fault?.code}`)),
    });
    const { state, recordNumber } = await promise;
    if (state !== PaymentState.APPROVED) {
      throw new Error(`a neighbour's payment is ${enumName(PaymentState, state)}`);
    }
    return recordNumber;
  }

  /** @throws whatever the relay answers. */
  async askReceipt(recordNumber: string): Promise<void> {
    const address = { case: "email", value: "honest@shop.example" } as const;
    await this.#channel.client(NotificationService).sendReceipt({ recordNumber, address });
  }

  get relay() {
    return this.#channel.client(RelayService);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
