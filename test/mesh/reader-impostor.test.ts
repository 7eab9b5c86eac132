import { expect, test } from "vitest";
import { KNOWN_ANSWERS } from "../../siege/fuzz/answer-script.ts";
import { AnsweringServer } from "../../siege/wire/answering-server.ts";
import { startTestMesh } from "./mesh-fixture.ts";

test("who answers in the reader's place does not end the terminal", async () => {
  await using fixture = await startTestMesh();
  const { mesh } = fixture;
  const reader = mesh.program("reader");
  reader.kill("SIGKILL");
  await reader.ended;
  let dialled = 0;
  const script = () => {
    const answer = KNOWN_ANSWERS[dialled % KNOWN_ANSWERS.length];
    if (answer === undefined) throw new Error("bug: no answer is known");
    dialled += 1;
    // On a connection that stays the terminal would next wait for a greeting, for ten seconds.
    return { ...answer, ending: "FIN" } as const;
  };
  await using _ = await AnsweringServer.listen(script, mesh.addresses.reader);
  let hasEnded = false;
  void mesh.program("terminal").ended.then(() => {
    hasEnded = true;
  });
  await expect.poll(() => hasEnded || dialled > KNOWN_ANSWERS.length).toBe(true);
  expect(hasEnded).toBe(false);
});
