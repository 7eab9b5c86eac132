import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import type { TestKeys } from "../../test/fixtures/keys.ts";
import { PaymentSigner } from "../../test/fixtures/reader-payment.ts";
import type { OtherRelay } from "../other-relay.ts";

const EUR = currencyFromLetters("EUR");

interface LoadDeviceParts {
  readonly keys: TestKeys;
  /** 1, 2, 3 … */
  readonly index: number;
  /** The reader's clock, which may be wrong. */
  readonly readerNowMs: () => number;
}

/**
 * A terminal and its reader, of a merchant of their own. They outlive connections: whoever comes
 * back has its keys, and its reader counts on.
 */
export class LoadDevice {
  /** DE 41. */
  readonly terminalId: string;
  /** DE 42. */
  readonly merchantId: string;
  readonly terminal: ReturnType<TestKeys["anotherTerminal"]>;
  readonly signer: PaymentSigner;

  constructor({ keys, index, readerNowMs }: LoadDeviceParts) {
    const { merchantId, terminalId } = loadTerminalKey(index);
    this.terminalId = terminalId;
    this.merchantId = merchantId;
    this.terminal = keys.anotherTerminal(this.terminalId, this.merchantId);
    const reader = keys.anotherReader(`${this.terminalId}-READER`);
    this.signer = new PaymentSigner({ keys, nowMs: readerNowMs, reader });
  }

  /** Makes processor and relay know both. @param elsewhere another relay that does, too */
  async register({ clients }: Mesh, elsewhere: OtherRelay | undefined): Promise<void> {
    const { processorRegistry, relayRegistry } = clients;
    const state = DeviceState.ACTIVE;
    const terminals = [{ certificate: this.terminal.certificate, state, currencies: [EUR] }];
    const { certificate } = this.signer.reader;
    const readers = [{ certificate, merchantId: this.merchantId, state }];
    const others = elsewhere === undefined ? [] : [elsewhere.registry];
    for (const registry of [processorRegistry, relayRegistry, ...others]) {
      await registry.registerTerminals({ terminals });
      await registry.registerReaders({ readers });
    }
  }
}

/** DE 41 and 42 of a terminal of the load. @param index 1, 2, 3 … */
export function loadTerminalKey(index: number) {
  return {
    merchantId: `LOADMERCHANT${String(index).padStart(3, "0")}`,
    terminalId: `LOAD${String(index).padStart(4, "0")}`,
  };
}
