import { expect, test } from "vitest";
import { ReaderBench } from "../../test/fixtures/reader-bench.ts";

test("a neighbour that opens sessions and says nothing keeps no terminal out", async () => {
  await using bench = await ReaderBench.start();
  const ended: number[] = [];
  for (let port = 1; port <= 9; port += 1) {
    const { client } = bench.openStream({ clientAddress: `10.0.0.9:${port}` });
    client.onEnd(() => ended.push(port));
  }
  await bench.terminal();
  expect(ended).toEqual([1, 2]);
});

test("sessions that are open are not ended for another", async () => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  for (let port = 1; port <= 20; port += 1) bench.openStream({ clientAddress: `10.0.0.9:${port}` });
  await bench.clock.advance(10_000);
  await terminal.next("heartbeat");
});
