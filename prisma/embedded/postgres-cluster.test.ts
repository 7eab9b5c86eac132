import { expect, test } from "vitest";
import { initdbFailure } from "./postgres-cluster.ts";

const COMMAND = "Command failed: /opt/initdb --pgdata=/data/cluster --username=cardlane";
const FULL = 'could not write to file "/data/cluster/base/1/1255": No space left on device';

test.each([
  {
    name: "what initdb says",
    error: Object.assign(new Error(`${COMMAND}\n`), { stderr: `initdb: error: ${FULL}\n` }),
    says: `${FULL} (PostgreSQL's initdb)`,
  },
  {
    name: "what the server says that initdb starts",
    error: Object.assign(new Error(COMMAND), {
      stderr: `2026-12-01 UTC [7] FATAL:  ${FULL}\nchild process exited with exit code 1\n`,
    }),
    says: `${FULL} (PostgreSQL's initdb)`,
  },
  {
    name: "how it ended, when it says nothing",
    error: Object.assign(new Error(COMMAND), { stderr: "", code: null, signal: "SIGKILL" }),
    says: "PostgreSQL's initdb ended with SIGKILL",
  },
])("a failed start says $name, without the command", ({ error, says }) => {
  expect(initdbFailure(error)).toBe(says);
});
