import { Dice } from "../../chaos/dice.ts";
import type { Door } from "../doors.ts";
import type { Ending, Exchange } from "../wire/exchange.ts";
import { pickWeighted } from "./chance.ts";
import { http1Script } from "./http1-script.ts";
import { http2Script } from "./http2-script.ts";
import { rawScript, sessionScript, smppScript, smtpScript } from "./other-scripts.ts";
import { inSegments } from "./segments.ts";

/**
 * As whom a TLS port is entered: "peer" is whoever calls it in earnest, "stranger" has a
 * certificate of the same authority and is registered nowhere, "nobody" has none, "no handshake"
 * sends its bytes where the handshake belongs.
 */
type Entrance = "peer" | "stranger" | "nobody" | "no handshake";

export interface FuzzCase extends Exchange {
  /** From 1. */
  readonly number: number;
  readonly door: Door;
  /** Undefined at a port in plaintext. */
  readonly entrance: Entrance | undefined;
  /** Offered in the handshake. */
  readonly protocols: readonly string[];
}

/** The same for the same seed, number and doors, whatever ports they have this time. */
export function fuzzCase(seed: string, number: number, doors: readonly Door[]): FuzzCase {
  const door = doors[(number - 1) % doors.length];
  if (door === undefined) throw new Error("bug: there is no door");
  const dice = new Dice(`${seed} ${door.name} ${number}`);
  const entrance = door.isTls ? pickEntrance(dice) : undefined;
  const protocols = dice.pick([["h2"], ["h2"], ["h2"], ["http/1.1"], ["h2", "http/1.1"], []]);
  const pieces = inSegments(dice, script(dice, door));
  const ending = pickWeighted<Ending>(dice, [
    [4, "end"],
    [4, "reset"],
    [4, "answer"],
    [1, "silence"],
  ]);
  return { number, door, entrance, protocols, pieces, ending };
}

/** For a person who replays it: where it goes, how it leaves, and every piece in hexadecimal. */
export function caseLines({ door, entrance, pieces, ending, protocols }: FuzzCase): string[] {
  const way =
    entrance === undefined ? "" : `, as ${entrance}, ALPN ${protocols.join("+") || "none"}`;
  return [
    `at ${door.name}${way}, ${pieces.length} pieces, then ${ending}`,
    ...pieces.map((piece) => `> ${piece.toString("hex")}`),
  ];
}

function pickEntrance(dice: Dice): Entrance {
  return pickWeighted<Entrance>(dice, [
    [4, "stranger"],
    [4, "peer"],
    [1, "nobody"],
    [1, "no handshake"],
  ]);
}

function script(dice: Dice, { speaks, program, methods }: Door): Buffer[] {
  if (dice.happens(0.07)) return rawScript(dice);
  switch (speaks) {
    case "SMTP":
      return smtpScript(dice);
    case "SMPP":
      return smppScript(dice);
    case "HTTP/1.1":
      return http1Script(dice, methods);
    case "gRPC":
      if (program === "reader" && dice.happens(0.15)) return sessionScript(dice);
      return dice.happens(0.85) ? http2Script(dice, methods) : http1Script(dice, methods);
  }
}
