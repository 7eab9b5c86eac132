import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type Curves,
  generateAgreement,
  generateSigner,
  type Signer,
} from "../sealing/curves/curves.ts";
import { type KeyFilePurpose, KeyFolder } from "../sealing/keys/key-files.ts";
import type { Random } from "../sealing/random.ts";

/** Makes the development keys of one program and writes them into its folder. */
export class KeyMaker {
  readonly folder: KeyFolder;
  readonly #curves: Curves;
  readonly #random: Random;

  constructor(
    directory: string,
    program: string,
    { curves, random }: { readonly curves: Curves; readonly random: Random },
  ) {
    const programDirectory = join(directory, program);
    mkdirSync(programDirectory, { recursive: true, mode: 0o700 });
    this.folder = new KeyFolder(programDirectory);
    this.#curves = curves;
    this.#random = random;
  }

  /** An Ed25519 key; named by its key id where a program may have several of the purpose. */
  signer(purpose: KeyFilePurpose, naming: "one" | "several" = "one"): Signer {
    const { signer, seed } = generateSigner({ curves: this.#curves, random: this.#random });
    this.#write(purpose, seed, naming === "one" ? undefined : signer.keyId);
    return signer;
  }

  /** An X25519 key: its public part, 32 bytes. */
  agreement(purpose: KeyFilePurpose, naming: "one" | "several" = "one"): Uint8Array {
    const { agreement, secretKey } = generateAgreement({
      curves: this.#curves,
      random: this.#random,
    });
    this.#write(purpose, secretKey, naming === "one" ? undefined : agreement.keyId);
    return agreement.publicKey;
  }

  /** A symmetric key of 16 or 32 random bytes, which the caller wipes. */
  symmetric(purpose: KeyFilePurpose, length: 16 | 32): Uint8Array {
    return this.keep(purpose, this.random(length));
  }

  /** Writes a key that was derived elsewhere. */
  keep(purpose: KeyFilePurpose, secretKey: Uint8Array): Uint8Array {
    const isDevelopment = true;
    this.folder.writeKey({ purpose, keyId: "", isDevelopment, secretKey });
    return secretKey;
  }

  random(length: number): Uint8Array {
    return this.#random.bytes(length);
  }

  #write(purpose: KeyFilePurpose, secretKey: Uint8Array, keyId: Uint8Array | undefined): void {
    const name = keyId === undefined ? "" : Buffer.from(keyId).toString("hex");
    this.folder.writeKey({ purpose, keyId: name, isDevelopment: true, secretKey });
    secretKey.fill(0);
  }
}
