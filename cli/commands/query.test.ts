import { expect, test } from "vitest";
import { Certainty, NextStep } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { TerminalService } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { service } from "../../mesh/service.ts";
import { PaymentError } from "../../payment/errors.ts";
import { runAgainst } from "../../test/fixtures/command-mesh.ts";

/** A relay that has no record of anything. */
const relay = service(RelayService, {
  getPayment: () => {
    throw new PaymentError("PAYMENT_NOT_FOUND", "no such record");
  },
});

const atTerminal = (last: string) => `01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b${last}`;

/** A terminal that knows of payments which no relay ever saw. */
const terminal = service(TerminalService, {
  getTerminalPayment: ({ paymentId }) => {
    if (paymentId === atTerminal("01")) {
      const fault = { code: "CANCELLED", message: "the terminal stopped before the signature" };
      return { report: { paymentId, certainty: Certainty.FINAL, fault } };
    }
    if (paymentId === atTerminal("02")) {
      const { UNKNOWN } = Certainty;
      return { report: { paymentId, certainty: UNKNOWN, nextStep: NextStep.RETRY_SAME_ID } };
    }
    throw new PaymentError("PAYMENT_NOT_FOUND", "the terminal knows no such payment");
  },
});

test.each([
  {
    name: "that ended before it was submitted surely charged nothing",
    id: atTerminal("01"),
    exitCode: 1,
    printed: ["CANCELLED: the terminal stopped before the signature"],
    told: ["From the terminal, not from the relay: no such record."],
  },
  {
    name: "that is still open is not certain, and says what to do",
    id: atTerminal("02"),
    exitCode: 3,
    printed: [
      `Not certain yet (unknown). Ask again with: cardlane query ${atTerminal("02")}`,
      "Next: send it again with the same id; that can not charge twice.",
    ],
    told: ["From the terminal, not from the relay: no such record."],
  },
  {
    name: "that nobody knows is unknown",
    id: atTerminal("03"),
    exitCode: 3,
    printed: [],
    told: [
      "The terminal does not know of it. Pay with this --id: never charged twice.",
      "error: no such record",
    ],
  },
])("query: a payment of the terminal alone $name", async (row) => {
  const answer = await runAgainst({ relay: [relay], terminal: [terminal] }, ["query", row.id]);
  expect(answer).toEqual({ exitCode: row.exitCode, printed: row.printed, told: row.told });
});

test("query: a terminal that cannot be asked may know more", async () => {
  const { exitCode, told } = await runAgainst({ relay: [relay] }, ["query", atTerminal("01")]);
  expect(exitCode).toBe(3);
  expect(told).toEqual([
    "The terminal may know of it, and gave no answer: the terminal was not reached at 127.0.0.1:1.",
    "error: no such record",
  ]);
});

test("query: a relay that is away is no reason not to ask the terminal", async () => {
  const words = ["query", atTerminal("01")];
  const { exitCode, printed, told } = await runAgainst({ terminal: [terminal] }, words);
  expect({ exitCode, printed }).toMatchObject({
    exitCode: 1,
    printed: ["CANCELLED: the terminal stopped before the signature"],
  });
  expect(told).toEqual([
    "From the terminal, not from the relay: the relay was not reached at 127.0.0.1:1.",
  ]);
});
