import { create, fromBinary } from "@bufbuild/protobuf";
import { SignedPaymentSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentReportSchema } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { DurableFiles } from "../../mesh/disk/durable-files.ts";
import { silentLog } from "../../mesh/log.ts";
import type { MerchantId } from "../../payment/identifiers.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { ReaderStore, TAKEN_IDS_MAX } from "../../reader-sim/reader-store.ts";
import { DukptRegister, dukptKeyBytes } from "../../sealing/pin/dukpt.ts";
import { FINISHED_MAX, Journal } from "../../terminal-client/journal/journal.ts";
import { saleOf } from "../../terminal-client/payment-request.ts";

const OWNER = { merchantId: "LAKESHOP0000001", terminalId: "TILL0001" };

/** What a device is given to remember, as base64; everything is a test's. */
export interface DeviceInput {
  readonly initialKeyId: string;
  readonly initialKey: string;
  /** `SignedPayment` messages. */
  readonly payments: readonly string[];
}

/** What a device remembers or erases, and how one finds out that it does not. */
interface DeviceMemory {
  /** Lives through some payments, and says of each thing when it relies on its being stored. */
  live(files: DurableFiles, input: DeviceInput, tell: (fact: string) => void): Promise<void>;
  /** What it was told and has forgotten. */
  forgotten(after: {
    readonly files: DurableFiles;
    readonly input: DeviceInput;
    readonly told: readonly string[];
  }): Promise<readonly string[]>;
  /** What it was told is gone: such bytes are in no file any more. */
  erased(input: DeviceInput, told: readonly string[]): readonly Uint8Array[];
}

/** Counter, PIN keys, pairing and signed bytes, as the reader itself keeps them. */
const reader: DeviceMemory = {
  async live(files, input, tell) {
    const store = await openReaderStore(files, input);
    await store.pairWith(MERCHANT);
    tell("paired");
    for (const [index, { id, signed }] of paymentsOf(input).entries()) {
      tell(`counter ${await store.takeCounter(id)} for ${index}`);
      tell(`key ${hexOf((await store.takePinKey()).ksn)}`);
      await store.keep(id, signed);
      tell(`kept ${index}`);
      if (index > 0) continue;
      tell(`dropping ${index}`);
      await store.drop(id);
      tell(`dropped ${index}`);
    }
  },
  async forgotten({ files, input, told }) {
    const store = await openReaderStore(files, input);
    const payments = paymentsOf(input);
    const problems: string[] = [];
    for (const [index, { id }] of payments.entries()) {
      const isKept = store.kept(id) !== undefined;
      const isDropped = told.includes(`dropped ${index}`);
      // Between the two it may be there or not.
      const isToBeKept = told.includes(`kept ${index}`) && !told.includes(`dropping ${index}`);
      if (isToBeKept && !isKept) problems.push(`kept ${index}`);
      if (isDropped && isKept) problems.push(`dropped ${index}`);
      const taken = told.find((fact) => new RegExp(`^counter .* for ${index}$`).test(fact));
      const again = await store.takeCounter(id).catch(() => undefined);
      if (taken !== undefined && again !== undefined) problems.push(`${taken}: signed once more`);
      if (told.some((fact) => fact.startsWith(`counter ${again} `))) {
        problems.push(`counter ${again} is taken twice`);
      }
    }
    const key = `key ${hexOf((await store.takePinKey()).ksn)}`;
    if (told.includes(key)) problems.push(`${key} is used twice`);
    if (told.includes("paired") && store.merchantId !== MERCHANT) problems.push("paired");
    return problems;
  },
  erased(input, told) {
    const register = newRegister(input);
    const usedKeys = told
      .filter((fact) => fact.startsWith("key "))
      .map(() => {
        const before = keysIn(register);
        register.nextPinKey();
        const after = keysIn(register);
        const isUsedUp = (key: Uint8Array, index: number) => isZero(after[index]) && !isZero(key);
        return before.find(isUsedUp) ?? new Uint8Array();
      });
    return [...usedKeys, ...sealedOf(input, (index) => told.includes(`dropped ${index}`))];
  },
};

/** Every step of a payment, as the terminal's journal has it. */
const terminal: DeviceMemory = {
  async live(files, input, tell) {
    const journal = await Journal.open({
      files,
      owner: OWNER,
      finishedMax: FINISHED_MAX,
      log: silentLog,
    });
    for (const [index, { id, signed }] of paymentsOf(input).entries()) {
      const request = saleOf(1_250n, currencyFromLetters("EUR"));
      const entry = { paymentId: id, request, startedAtMs: 0, traceparent: "" };
      await journal.write(entry);
      tell(`started ${index}`);
      await journal.write({ ...entry, signed });
      tell(`signed ${index}`);
      if (index > 0) continue;
      await journal.finish(entry, create(PaymentReportSchema, { paymentId: id }));
      tell(`finished ${index}`);
    }
  },
  async forgotten({ files, input, told }) {
    const journal = await Journal.open({
      files,
      owner: OWNER,
      finishedMax: FINISHED_MAX,
      log: silentLog,
    });
    return paymentsOf(input).flatMap(({ id }, index) => {
      const entry = journal.find(id);
      const has = {
        started: entry !== undefined,
        signed: entry?.signed !== undefined || entry?.report !== undefined,
        finished: entry?.report !== undefined,
      };
      return Object.entries(has)
        .filter(([step, isThere]) => told.includes(`${step} ${index}`) && !isThere)
        .map(([step]) => `${step} ${index}`);
    });
  },
  erased(input, told) {
    const sealed = sealedOf(input, (index) => told.includes(`finished ${index}`));
    return sealed.map((bytes) => utf8.encode(Buffer.from(bytes).toString("base64")));
  },
};

/** Files by themselves: what is written, overwritten and erased. */
const files: DeviceMemory = {
  async live(files, _input, tell) {
    for (const content of CONTENTS) {
      await files.write("plain.bin", utf8.encode(`plain ${content}`));
      tell(`plain ${content}`);
      await files.overwrite("overwritten.bin", utf8.encode(`overwritten ${content}`));
      tell(`overwritten ${content}`);
    }
    tell("erasing");
    await files.erase("plain.bin");
    tell("erased");
  },
  async forgotten({ files, told }) {
    const plain = text(await files.read("plain.bin"));
    const overwritten = text(await files.read("overwritten.bin"));
    const last = (what: string) => told.findLast((fact) => fact.startsWith(what)) ?? "";
    const isErased = told.includes("erased");
    const mayBeErased = told.includes("erasing");
    return [
      ...(mayBeErased || plain >= last("plain") ? [] : [last("plain")]),
      ...(overwritten >= last("overwritten") ? [] : [last("overwritten")]),
      ...(isErased && plain !== "" ? ["erased"] : []),
    ];
  },
  erased(_input, told) {
    const overwritten = told.filter((fact) => fact.startsWith("overwritten")).slice(0, -1);
    const erased = told.includes("erased") ? told.filter((fact) => fact.startsWith("plain")) : [];
    return [...overwritten, ...erased].map((content) => utf8.encode(content));
  },
};

export const DEVICE_MEMORIES = { files, reader, terminal } as const;

const MERCHANT = "CORNERCOFFEE001" as MerchantId;
const CONTENTS = [1, 2];
const utf8 = new TextEncoder();

/** What the reader sealed of the payments that `isGone` is true of. */
function sealedOf(input: DeviceInput, isGone: (index: number) => boolean): readonly Uint8Array[] {
  return paymentsOf(input)
    .filter((_payment, index) => isGone(index))
    .map(({ signed }) => signed.readerPayment);
}

function openReaderStore(files: DurableFiles, input: DeviceInput): Promise<ReaderStore> {
  return ReaderStore.open({
    files,
    newRegister: () => newRegister(input),
    takenIdsMax: TAKEN_IDS_MAX,
    log: silentLog,
  });
}

function newRegister({ initialKeyId, initialKey }: DeviceInput): DukptRegister {
  return DukptRegister.load(bytesOf(initialKeyId), bytesOf(initialKey));
}

/** The register's intermediate keys, the last 512 bytes of what is stored of it. */
function keysIn(register: DukptRegister): readonly Uint8Array[] {
  const keys = register.serialize().slice(-32 * dukptKeyBytes);
  return Array.from({ length: 32 }, (_, index) =>
    keys.subarray(index * dukptKeyBytes, (index + 1) * dukptKeyBytes),
  );
}

function isZero(bytes: Uint8Array | undefined): boolean {
  return bytes?.every((byte) => byte === 0) === true;
}

function paymentsOf({ payments }: DeviceInput) {
  return payments.map((payment) => {
    const signed = fromBinary(SignedPaymentSchema, bytesOf(payment));
    return { signed, id: parseReaderPayment(signed.readerPayment).context.paymentId };
  });
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}
