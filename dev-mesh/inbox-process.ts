import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Surroundings } from "../mesh/surroundings.ts";
import { MeshDirectory, makeMeshDirectory } from "./mesh-directory.ts";
import { MeshNotRunningError } from "./mesh-file.ts";
import { startProgram } from "./program-process.ts";
import type { Progress } from "./progress.ts";

/** The mailbox and SMS centre of a development mesh, as a process of its own. */
export interface InboxProcess extends AsyncDisposable {
  /** "http://127.0.0.1:7406" */
  readonly page: string;
  /** What sends a relay's notifications there. */
  readonly environment: Readonly<Record<string, string>>;
}

interface InboxPorts {
  readonly page: number;
  readonly smtp: number;
  readonly smpp: number;
}

/** Page, mail and SMS keep the last digits people know them by: 7401 gives 7406, 7425 and 7475. */
const DISTANCES: InboxPorts = { page: 5, smtp: 24, smpp: 74 };

const ENTRY_POINT = join(import.meta.dirname, "..", "inbox-sim", "main.ts");
const STOP_GRACE_MS = 5_000;
const FILE_NAME = "inbox.json";

interface InboxProcessOptions extends Pick<Surroundings, "clock"> {
  readonly dataDirectory: string;
  /** Of the reader; 0 takes any. */
  readonly portBase: number;
  readonly progress: Progress;
}

/** Where it listens, for people; all 0 for a base of 0. */
export function inboxPorts(portBase: number): Readonly<Record<string, number>> {
  const { page, smtp, smpp } = portsFrom(portBase);
  return { inbox: page, "inbox, mail": smtp, "inbox, SMS": smpp };
}

function portsFrom(base: number): InboxPorts {
  const at = (distance: number) => (base === 0 ? 0 : base + distance);
  const { page, smtp, smpp } = DISTANCES;
  return { page: at(page), smtp: at(smtp), smpp: at(smpp) };
}

/** @throws ProgramStartError */
export async function startInboxProcess(options: InboxProcessOptions): Promise<InboxProcess> {
  const { dataDirectory, portBase, clock, progress } = options;
  makeMeshDirectory(dataDirectory);
  const directory = new MeshDirectory(dataDirectory);
  const ports = portsFrom(portBase);
  const started = await progress.step(
    "inbox",
    () =>
      startProgram(
        {
          name: "inbox",
          entryPoint: ENTRY_POINT,
          logFile: join(directory.path, "logs", "inbox.log"),
          environment: {
            CARDLANE_LISTEN: `127.0.0.1:${ports.page}`,
            CARDLANE_SMTP_LISTEN: `127.0.0.1:${ports.smtp}`,
            CARDLANE_SMPP_LISTEN: `127.0.0.1:${ports.smpp}`,
          },
        },
        clock,
      ),
    ({ address }) => address,
  );
  const page = `http://${started.address}`;
  const answer = await (await fetch(`${page}/doors.json`)).text();
  const doors: { smtp: string; smpp: string } = JSON.parse(answer);
  const file = join(directory.path, FILE_NAME);
  writeFileSync(file, `${JSON.stringify({ page })}\n`);
  return {
    page,
    environment: {
      CARDLANE_SMTP_URL: `smtp://${doors.smtp}`,
      CARDLANE_SMPP_ROUTES: `+=smpp://relay:inbox@${doors.smpp}`,
    },
    async [Symbol.asyncDispose]() {
      rmSync(file, { force: true });
      await started.stop(STOP_GRACE_MS, clock);
    },
  };
}

/** Where the page of a running inbox is. @throws MeshNotRunningError */
export function inboxPageOf(dataDirectory: string): string {
  try {
    const { page }: { page: string } = JSON.parse(
      readFileSync(join(dataDirectory, FILE_NAME), "utf8"),
    );
    return page;
  } catch {
    throw new MeshNotRunningError("inbox", dataDirectory);
  }
}
