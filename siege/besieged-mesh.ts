import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { payOnce } from "../bench/questions/single-payment.ts";
import { loadTerminalKey } from "../chaos/load/load-device.ts";
import { DEVELOPMENT_MESH } from "../dev-mesh/development-keys.ts";
import { type InboxProcess, startInboxProcess } from "../dev-mesh/inbox-process.ts";
import { PROGRAM_NAMES, type ProgramName } from "../dev-mesh/mesh-directory.ts";
import type { Mesh } from "../dev-mesh/mesh-processes.ts";
import { silentProgress } from "../dev-mesh/progress.ts";
import { systemClock as clock } from "../mesh/clock.ts";
import type { IdentityPem } from "../mesh/identity/identity.ts";
import { terminalName } from "../payment/identifiers.ts";
import type { TestKeys } from "../test/fixtures/keys.ts";
import { startTestMesh } from "../test/mesh/mesh-fixture.ts";
import type { Door } from "./doors.ts";

/** Who calls a program in earnest. The reader's port is in plaintext. */
const PEERS: Readonly<Record<Exclude<ProgramName, "reader">, ProgramName | "operator">> = {
  terminal: "operator",
  relay: "terminal",
  processor: "relay",
  "pin-service": "processor",
};
/** Holders of certificates that are no program's. */
const STRANGER = "stranger";
const INSIDER = "insider";
export const NEIGHBOUR = "neighbour";
/** A second terminal of the till's merchant, in bad hands. */
export const INSIDER_KEY = {
  merchantId: DEVELOPMENT_MESH.merchantId,
  terminalId: "TILL0666",
} as const;
/** Another merchant's. */
export const NEIGHBOUR_INDEX = 1;

/** As whom a port is entered: who calls there in earnest, nobody, or a terminal in bad hands. */
export type Enterer = "peer" | "stranger" | "insider";
/** So long a program may be busy with what it was sent before it has to answer again. */
const WELL_MS_MAX = 30_000;
const LOOK_MS = 100;

interface BesiegedMeshOptions {
  readonly isTls: boolean;
  /** Also a mailbox and SMS centre, where the relay's notifications go. */
  readonly hasInbox?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Real programs that are under attack, and whoever looks after them. */
export class BesiegedMesh implements AsyncDisposable {
  readonly mesh: Mesh;
  readonly keys: TestKeys;
  readonly #resources: AsyncDisposableStack;
  readonly #inbox: Inbox | undefined;
  readonly #deaths: string[] = [];

  static async start(options: BesiegedMeshOptions): Promise<BesiegedMesh> {
    await using stack = new AsyncDisposableStack();
    const inbox = options.hasInbox === true ? await Inbox.start(stack) : undefined;
    const { mesh, keys } = stack.use(
      await startTestMesh({
        isTls: options.isTls,
        strangers: {
          [STRANGER]: "terminal/STRANGESHOP0001/STRANGE1",
          [INSIDER]: `terminal/${terminalName(INSIDER_KEY)}`,
          [NEIGHBOUR]: `terminal/${terminalName(loadTerminalKey(NEIGHBOUR_INDEX))}`,
        },
        environment: {
          CARDLANE_LOG_LEVEL: "error",
          ...inbox?.process.environment,
          ...options.environment,
        },
      }),
    );
    return new BesiegedMesh({ mesh, keys, inbox, resources: stack.move() });
  }

  private constructor(parts: {
    readonly mesh: Mesh;
    readonly keys: TestKeys;
    readonly inbox: Inbox | undefined;
    readonly resources: AsyncDisposableStack;
  }) {
    this.mesh = parts.mesh;
    this.keys = parts.keys;
    this.#inbox = parts.inbox;
    this.#resources = parts.resources;
    for (const name of PROGRAM_NAMES) this.#watch(name);
  }

  /** "host:port" */
  addressOf({ program, speaks }: Door): string {
    if (program !== "inbox") return this.mesh.addresses[program];
    if (this.#inbox === undefined) throw new Error("bug: there is no inbox here");
    const { page, smtp, smpp } = this.#inbox;
    return speaks === "SMTP" ? smtp : speaks === "SMPP" ? smpp : page;
  }

  /** The certificate of whoever calls a program, or of somebody else. */
  async pemOf(program: ProgramName, as: Enterer): Promise<IdentityPem> {
    const isStranger = as === "stranger" || program === "reader";
    const holder = isStranger ? STRANGER : as === "insider" ? INSIDER : PEERS[program];
    const read = (name: string) => readFile(join(this.mesh.directory.path, "tls", holder, name));
    return { ca: await read("ca.pem"), cert: await read("cert.pem"), key: await read("key.pem") };
  }

  /**
   * Whether every program is the process that it was, says that it serves, and a payment through
   * all of them is approved; what they are still busy with may take a while.
   *
   * @returns what is wrong; nothing when all is well.
   */
  async wrongs(): Promise<readonly string[]> {
    const untilMs = clock.monotonicMs() + WELL_MS_MAX;
    for (;;) {
      const ills = await this.#ills();
      if (this.#deaths.length > 0) return this.#deaths;
      if (ills.length === 0 || clock.monotonicMs() > untilMs) return ills;
      await clock.sleep(LOOK_MS);
    }
  }

  /** Starts again what has ended, for the next attack. */
  async revive(): Promise<void> {
    this.#deaths.length = 0;
    for (const name of PROGRAM_NAMES) {
      if (await this.mesh.clients.isServing(name)) continue;
      await this.mesh.program(name).restart();
      this.#watch(name);
    }
    this.#deaths.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  async #ills(): Promise<string[]> {
    const { clients } = this.mesh;
    const serving = await Promise.all(PROGRAM_NAMES.map((name) => clients.isServing(name)));
    const silent = PROGRAM_NAMES.filter((_, index) => serving[index] === false);
    if (silent.length > 0) return silent.map((name) => `${name} does not serve`);
    const unpaid = await payOnce(clients, clock).then(
      () => [],
      (error: unknown) => [`no payment goes through: ${String(error)}`],
    );
    const isThere = (await this.#inbox?.isThere()) ?? true;
    return isThere ? unpaid : [...unpaid, "the inbox does not answer"];
  }

  #watch(name: ProgramName): void {
    const { pid, ended } = this.mesh.program(name);
    void ended.then(({ description }) => {
      this.#deaths.push(`${name} (process ${pid}) ${description}`);
    });
  }
}

/** Page, mailbox and SMS centre. */
class Inbox {
  readonly process: InboxProcess;
  readonly page: string;
  readonly smtp: string;
  readonly smpp: string;

  static async start(resources: AsyncDisposableStack): Promise<Inbox> {
    const home = mkdtempSync(join(tmpdir(), "cardlane-inbox-"));
    resources.defer(() => rmSync(home, { recursive: true, force: true }));
    const options = { dataDirectory: home, portBase: 0, clock, progress: silentProgress };
    const started = resources.use(await startInboxProcess(options));
    const answer = await (await fetch(`${started.page}/doors.json`)).text();
    return new Inbox(started, JSON.parse(answer) as { smtp: string; smpp: string });
  }

  private constructor(started: InboxProcess, doors: { smtp: string; smpp: string }) {
    this.process = started;
    this.page = started.page.replace("http://", "");
    this.smtp = doors.smtp;
    this.smpp = doors.smpp;
  }

  async isThere(): Promise<boolean> {
    return await fetch(`http://${this.page}/doors.json`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}
