import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type DescMessage,
  fromJson,
  type JsonValue,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import {
  type SignedEnvelope,
  SignedEnvelopeSchema,
  TrustedRootsSchema,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { isProduction } from "../../settings/environment.ts";
import type { Curves } from "../curves/curves.ts";
import { parseTrustedRoots, type TrustedRoots } from "./trusted-roots.ts";

/** What a private or secret key file is for; the first part of its name. */
export type KeyFilePurpose =
  | "identity"
  | "signing"
  | "dukpt-initial"
  | "hop"
  | "card"
  | "result"
  | "manifest-signer"
  | "pin"
  | "pin-hop"
  | "base-derivation"
  | "pin-reference"
  | "card-token"
  | "storage"
  | "vendor-root"
  | "acquirer-root"
  | "processor-root";

interface KeyFile {
  readonly purpose: KeyFilePurpose;
  /** Hex key id in the file's name where a program has several of a purpose; else empty. */
  readonly keyId: string;
  readonly isDevelopment: boolean;
  /** Raw key bytes: 32, or 16 for AES-128. */
  readonly secretKey: Uint8Array;
}

/** Only the owner may read a key; whoever can write the folder can replace it anyhow. */
const KEY_FILE_MODE = 0o600;
const KEY_FILE_NAME = /^([a-z-]+)(?:\.([0-9a-f]{16}))?\.key\.json$/;

/** The keys of one program: a folder with a file for each. A hardware store would stand here. */
export class KeyFolder {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The only key of `purpose`. @throws Error naming the file that is missing or not usable. */
  readKey(purpose: KeyFilePurpose): Uint8Array {
    const [key, another] = this.readKeys(purpose);
    if (key === undefined) throw new Error(`no ${purpose}.key.json in ${this.#directory}`);
    if (another !== undefined) throw new Error(`several ${purpose} keys in ${this.#directory}`);
    return key.secretKey;
  }

  /** Every key of `purpose`, several while keys are being rotated. */
  readKeys(purpose: KeyFilePurpose): readonly KeyFile[] {
    return readdirSync(this.#directory)
      .map((name) => KEY_FILE_NAME.exec(name))
      .filter((match) => match !== null && match[1] === purpose)
      .map((match) => this.#readKeyFile(match?.[0] ?? "", purpose, match?.[2] ?? ""));
  }

  writeKey(key: KeyFile): void {
    const { purpose, keyId, isDevelopment, secretKey } = key;
    const name = keyId === "" ? `${purpose}.key.json` : `${purpose}.${keyId}.key.json`;
    const content = {
      purpose,
      development: isDevelopment,
      secretKey: Buffer.from(secretKey).toString("base64"),
    };
    this.#writeJson(name, content, KEY_FILE_MODE);
  }

  /** Takes a key away for good: a reader's initial DUKPT key once its register is made. */
  destroyKey(purpose: KeyFilePurpose): void {
    rmSync(join(this.#directory, `${purpose}.key.json`));
  }

  /** A public key of another program, 32 bytes: `<name>.pub.json`. */
  readPublicKey(name: string): Uint8Array {
    const { publicKey } = this.#readJson(`${name}.pub.json`) as { publicKey?: unknown };
    return decodeKey(publicKey, [32], `${name}.pub.json`);
  }

  writePublicKey(name: string, publicKey: Uint8Array): void {
    const content = { publicKey: Buffer.from(publicKey).toString("base64") };
    this.#writeJson(`${name}.pub.json`, content);
  }

  readMessage<Desc extends DescMessage>(schema: Desc, fileName: string): MessageShape<Desc> {
    return fromJson(schema, this.#readJson(fileName) as JsonValue);
  }

  writeMessage<Desc extends DescMessage>(
    schema: Desc,
    fileName: string,
    message: MessageShape<Desc>,
  ): void {
    this.#writeJson(fileName, toJson(schema, message));
  }

  readCertificate(): SignedEnvelope {
    return this.readMessage(SignedEnvelopeSchema, "certificate.json");
  }

  readTrustedRoots(curves: Curves): TrustedRoots {
    const wire = this.readMessage(TrustedRootsSchema, "trusted-roots.json");
    if (wire.development) refuseInProduction(join(this.#directory, "trusted-roots.json"));
    return parseTrustedRoots(wire, curves);
  }

  #readKeyFile(name: string, purpose: KeyFilePurpose, keyId: string): KeyFile {
    const content = this.#readJson(name) as Record<string, unknown>;
    if (content.purpose !== purpose) {
      throw new Error(`${name} in ${this.#directory} is not a ${purpose} key`);
    }
    const isDevelopment = content.development !== false;
    if (isDevelopment) refuseInProduction(join(this.#directory, name));
    const secretKey = decodeKey(content.secretKey, [16, 32], name);
    return { purpose, keyId, isDevelopment, secretKey };
  }

  #readJson(name: string): unknown {
    const path = join(this.#directory, name);
    try {
      return JSON.parse(readFileSync(path, "utf8"));
    } catch (error) {
      // A parser's message quotes what it read, so it is not passed on.
      const code = (error as NodeJS.ErrnoException).code;
      throw new Error(code === "ENOENT" ? `no file ${path}` : `${path} could not be read`);
    }
  }

  #writeJson(name: string, content: unknown, mode?: number): void {
    const path = join(this.#directory, name);
    const text = `${JSON.stringify(content, null, 2)}\n`;
    // Never half there: who reads meanwhile, or after a crash, finds the old one or the new one.
    const draft = `${path}.new`;
    writeFileSync(draft, text, { flush: true, ...(mode !== undefined && { mode }) });
    if (mode !== undefined) chmodSync(draft, mode);
    renameSync(draft, path);
  }
}

function decodeKey(text: unknown, lengths: readonly number[], name: string): Uint8Array {
  const key = new Uint8Array(Buffer.from(typeof text === "string" ? text : "", "base64"));
  if (!lengths.includes(key.length)) {
    throw new Error(`${name} must hold ${lengths.join(" or ")} bytes in base64, got ${key.length}`);
  }
  return key;
}

function refuseInProduction(path: string): void {
  if (isProduction()) {
    throw new Error(`${path} was made for development and is refused in production`);
  }
}
