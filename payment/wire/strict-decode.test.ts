import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyManifestSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { PaymentContextSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { encodedMessage } from "../../test/fixtures/encoded-message.ts";
import { encodesToItself } from "../../test/fixtures/encodes-to-itself.ts";
import { damaged, wireFaults } from "../../test/fixtures/wire-faults.ts";
import { PaymentError } from "../errors.ts";
import { strictDecode } from "./strict-decode.ts";

/** Of each schema; fast-check prints the seed and the smallest message that is judged otherwise. */
const RUNS = 400;

/** Everything that is signed or hashed as bytes is declared in these two files. */
const schemas = [...PaymentContextSchema.file.messages, ...KeyManifestSchema.file.messages];

describe.each(schemas)("$typeName", (schema) => {
  test("what encoding gives is accepted", () => {
    const encoded = encodedMessage(schema);
    fc.assert(
      fc.property(encoded, (bytes) => {
        expect(strictDecode(schema, bytes, "it").$typeName).toBe(schema.typeName);
      }),
      { numRuns: RUNS },
    );
  });

  test("after faults the verdict is that of encoding again", () => {
    const verdicts = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(encodedMessage(schema), wireFaults(), (encoded, faults) => {
        const bytes = faults.reduce(damaged, encoded);
        const expected = encodesToItself(schema, bytes) ? "accepted" : "refused";
        verdicts[expected] += 1;
        expect(verdictOn(() => strictDecode(schema, bytes, "it"))).toBe(expected);
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(verdicts.accepted, verdicts.refused)).toBeGreaterThan(RUNS / 10);
  });
});

function verdictOn(decode: () => unknown): string {
  try {
    decode();
    return "accepted";
  } catch (error) {
    return error instanceof PaymentError ? "refused" : String(error);
  }
}
