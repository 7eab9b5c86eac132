// A relay or a processor of the naive design, or one that only passes bytes on: a process of its
// own. It hears over IPC what it is, and says where it listens.

import { createSecretKey } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { SignedResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { type Identity, loadIdentity } from "../../mesh/identity/identity.ts";
import { silentLog } from "../../mesh/log.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import { KeyFolder } from "../../sealing/keys/key-files.ts";
import { type Authorize, callUnary, serveUnary } from "../load/unary-method.ts";
import { naiveProcessor } from "./naive-processor.ts";
import { naiveRelay } from "./naive-relay.ts";
import { ReaderSignatures } from "./reader-signatures.ts";

export interface NaiveSetup {
  readonly role: "relay" | "processor";
  /** Nothing is checked, opened or stored: what the calls alone cost. */
  readonly isEcho: boolean;
  readonly tlsDirectory: string;
  readonly keysDirectory: string;
  readonly databaseUrl: string;
  /** Of the processor; for a relay. */
  readonly upstream: string;
}

process.once("message", (setup: NaiveSetup) => void start(setup));
process.on("disconnect", () => process.exit());

async function start(setup: NaiveSetup): Promise<void> {
  const identity = await loadIdentity(setup.tlsDirectory, { clock, log: silentLog });
  const authorize = setup.role === "relay" ? relayOf(setup, identity) : processorOf(setup);
  process.send?.(await serveUnary(identity.pem, authorize));
}

function relayOf(setup: NaiveSetup, identity: Identity): Authorize {
  const processor = callUnary(identity.pem, setup.upstream);
  if (setup.isEcho) return processor;
  const { databaseUrl } = setup;
  return naiveRelay({ databaseUrl, signatures: signaturesOf(setup), processor, ...now });
}

function processorOf(setup: NaiveSetup): Authorize {
  if (setup.isEcho) {
    return async ({ readerPayment: result, signature }) =>
      create(SignedResultSchema, { result, signature });
  }
  const folder = new KeyFolder(setup.keysDirectory);
  const [card] = folder.readKeys("card");
  const [result] = folder.readKeys("result");
  if (card === undefined || result === undefined) throw new Error("no keys of a processor");
  return naiveProcessor({
    databaseUrl: setup.databaseUrl,
    signatures: signaturesOf(setup),
    card: curves.agreement(card.secretKey),
    cardToken: createSecretKey(folder.readKey("card-token")),
    result: curves.signer(result.secretKey),
    ...now,
  });
}

function signaturesOf({ keysDirectory }: NaiveSetup): ReaderSignatures {
  const roots = new KeyFolder(keysDirectory).readTrustedRoots(curves);
  return new ReaderSignatures({ curves, roots, ...now });
}

const now = { nowMs: () => clock.nowMs() };
