import { Command } from "commander";
import { AUDIT_LIST_FLAGS, AUDIT_VERIFY_FLAGS, auditList, auditVerify } from "./commands/audit.ts";
import { cards, unlockCard } from "./commands/cards.ts";
import { CONFORMANCE_FLAGS, conformance } from "./commands/conformance.ts";
import { decideReversal, heldReversals } from "./commands/held-reversals.ts";
import { MAKE_KEYS_FLAGS, makeKeys, showKeys } from "./commands/keys.ts";
import { LIST_FLAGS, list } from "./commands/list.ts";
import { MIGRATE_FLAGS, migrate } from "./commands/migrate.ts";
import { addNotificationCommands } from "./commands/notification-commands.ts";
import { pay } from "./commands/pay.ts";
import { query } from "./commands/query.ts";
import { RECONCILE_FLAGS, reconcile } from "./commands/reconcile.ts";
import { REVERSALS_FLAGS, reversals } from "./commands/reversals.ts";
import { trace } from "./commands/trace.ts";
import { WATCH_FLAGS, watch } from "./commands/watch.ts";
import type { CommandIo, CommonOptions } from "./io/command-io.ts";
import { type CommandEnds, runs } from "./io/flags.ts";
import { PAY_FLAGS } from "./pay/pay-arguments.ts";
import { runMesh, START_FLAGS } from "./start/run-mesh.ts";

/**
 * The `cardlane` command. Every command returns its exit code through `finish`; errors are thrown.
 */
export function commandLine(io: CommandIo, finish: (exitCode: number) => void): Command {
  const program = new Command("cardlane")
    .description("Card payments in person: reader, terminal, relay and processor as one mesh.")
    .showHelpAfterError("(cardlane --help tells more)")
    .addHelpText("after", EXIT_CODE_HELP);
  const ends = { io, finish };
  addRecordCommands(program, ends);
  addOversightCommands(program, ends);
  addPublicCommands(program, ends);
  addConformance(program, ends);
  addNotificationCommands(program, ends);
  addStart(program, ends);
  addMigrate(program, ends);
  return program;
}

const EXIT_CODE_HELP = `
Exit codes: 0 approved (or the question was answered), 2 declined or undone, 3 unknown, 1 error.`;

function addRecordCommands(program: Command, ends: CommandEnds): void {
  runs(
    ends,
    program
      .command("pay <amount> <currency>")
      .summary("take a payment")
      .description("Takes a payment at the terminal: cardlane pay 12.50 EUR --card visa"),
    PAY_FLAGS,
    pay,
  );
  runs(
    ends,
    program
      .command("query <number>")
      .summary("show a payment")
      .description("Shows a payment by its record number or payment id."),
    {},
    query,
  );
  runs(
    ends,
    program
      .command("list")
      .summary("list the newest payments")
      .description("Lists the newest payments."),
    LIST_FLAGS,
    list,
  );
  runs(
    ends,
    program
      .command("watch")
      .summary("show changes as they happen")
      .description("Shows every change of every payment as it happens, until Ctrl-C."),
    WATCH_FLAGS,
    watch,
  );
  runs(
    ends,
    program
      .command("trace <number>")
      .summary("show where a payment spent its time")
      .description("Shows the trace of a payment by its record number or payment id."),
    {},
    trace,
  );
}

function addOversightCommands(program: Command, ends: CommandEnds): void {
  runs(
    ends,
    program
      .command("reconcile")
      .summary("compare relay, processor and signed results")
      .description(
        "Compares every record of the relay with the processor's ledger and what was signed, " +
          "recomputes every balance from its postings, and names each difference.",
      )
      .addHelpText("after", "\nExit codes: 0 all agree, 2 differences were found, 1 error."),
    RECONCILE_FLAGS,
    reconcile,
  );
  addReversals(program, ends);
  const audit = program.command("audit").description("what operators did");
  runs(
    ends,
    audit.command("list", { isDefault: true }).description("Lists what operators did."),
    AUDIT_LIST_FLAGS,
    auditList,
  );
  runs(
    ends,
    audit
      .command("verify")
      .description("Verifies that nothing of what operators did was changed or taken out.")
      .addHelpText("after", "\nExit codes: 0 the chains hold, 2 a log was changed, 1 error."),
    AUDIT_VERIFY_FLAGS,
    auditVerify,
  );
}

function addReversals(program: Command, ends: CommandEnds): void {
  const command = program.command("reversals").summary("payments that are being undone");
  const lists = [
    {
      on: command.command("list", { isDefault: true }),
      says: "Lists reversals that the processor has not acknowledged yet; due ones first.",
      run: reversals,
    },
    {
      on: command.command("held"),
      says: "Lists reversals that wait for an operator of the processor, the oldest first.",
      run: heldReversals,
    },
  ];
  for (const { on, says, run } of lists) runs(ends, on.description(says), REVERSALS_FLAGS, run);
  const decisions = [
    { word: "release", decision: "RELEASE", says: "Undoes a payment whose reversal waits." },
    { word: "refuse", decision: "REFUSE", says: "Lets a payment stay approved for good." },
  ] as const;
  for (const { word, decision, says } of decisions) {
    const one = command.command(`${word} <payment>`).description(says);
    runs(ends, one, {}, (io: CommandIo, name: string, options: CommonOptions) =>
      decideReversal(io, { name, decision }, options),
    );
  }
}

function addPublicCommands(program: Command, ends: CommandEnds): void {
  const keys = program.command("keys").description("keys of a development mesh");
  const testCards = program.command("cards").description("test cards, and cards that are locked");
  const all = [
    {
      on: keys,
      name: "show",
      says: "list all keys: holder, purpose, id, validity; never a secret",
      run: showKeys,
    },
  ];
  for (const { on, name, says, run } of all) {
    runs(ends, on.command(name).description(says), {}, run);
  }
  runs(
    ends,
    testCards
      .command("list", { isDefault: true })
      .description("list the test cards and their effects"),
    {},
    cards,
  );
  runs(
    ends,
    testCards
      .command("unlock <payment>")
      .description("give the card of a payment all its PIN tries back"),
    {},
    unlockCard,
  );
  runs(
    ends,
    keys
      .command("make")
      .summary("make all keys of a development mesh")
      .description("Makes the keys of every program, for development. Keys that are there stay."),
    MAKE_KEYS_FLAGS,
    makeKeys,
  );
}

function addConformance(program: Command, ends: CommandEnds): void {
  runs(
    ends,
    program
      .command("conformance")
      .summary("examine an implementation of the contract")
      .description("Shows what a relay, processor or terminal of whomever does and does not do."),
    CONFORMANCE_FLAGS,
    conformance,
  );
}

function addStart(program: Command, ends: CommandEnds): void {
  runs(
    ends,
    program
      .command("start")
      .summary("start everything (npm start)")
      .description(
        "Starts everything, takes one payment, stays up until Ctrl-C. Same as npm start.",
      ),
    START_FLAGS,
    runMesh,
  );
}

function addMigrate(program: Command, ends: CommandEnds): void {
  runs(
    ends,
    program
      .command("migrate <program>")
      .summary("bring a program's database to this release's schema")
      .description(
        "Applies the migrations of relay, processor or pin-service to the database of " +
          "DATABASE_URL, as the role that owns it, and grants the program's role its rights.",
      )
      .addHelpText("after", "\nExit codes: 0 all is there, 2 a role has too many rights, 1 error."),
    MIGRATE_FLAGS,
    migrate,
  );
}
