import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { frameStreamPair } from "./frame-stream-pair.ts";
import { receive } from "./received.ts";

const pairOf = () => frameStreamPair<number, string>();

test("frames come in order, then the end", async () => {
  const { client, server } = pairOf();
  client.send(1);
  client.send(2);
  client.end();
  const atServer = receive(server);
  expect(await atServer.end).toMatchObject({ clean: true });
  expect(atServer.frames).toEqual([1, 2]);
  server.send("late");
  server.end();
  const atClient = receive(client);
  expect(await atClient.end).toMatchObject({ clean: true });
  expect(atClient.frames).toEqual(["late"]);
});

test("a server's error reaches the client", async () => {
  const { client, server } = pairOf();
  server.end(new ConnectError("no", Code.PermissionDenied));
  expect(await receive(client).end).toMatchObject({ code: Code.PermissionDenied, message: "no" });
  expect(client.send(1)).toBe(false);
});

test("a handler that throws ends the stream with its error", async () => {
  const { client, server } = pairOf();
  server.onFrame(() => {
    throw new ConnectError("not this one", Code.InvalidArgument);
  });
  client.send(1);
  expect(await receive(client).end).toMatchObject({ code: Code.InvalidArgument });
});

test("a side that pauses holds its sender back, and gets everything when it goes on", async () => {
  const { client, server } = pairOf();
  const atServer = receive(server);
  server.pause();
  const sent = Array.from({ length: 100 }, (_, index) => index);
  const answers = sent.map((number) => client.send(number));
  expect(answers.indexOf(false)).toBe(63);
  const writable = new Promise<void>((resolve) => client.onWritable(resolve));
  server.resume();
  await writable;
  expect(await atServer.count(100)).toEqual(sent);
});

test("a side that never reads is cut off", async () => {
  const { client, server } = pairOf();
  server.pause();
  for (let number = 0; number <= 4_096; number += 1) client.send(number);
  expect(await receive(client).end).toMatchObject({ code: Code.ResourceExhausted });
});

test("cut ends both sides, and drain is seen by the server alone", async () => {
  const { client, server, cut, drain } = pairOf();
  drain();
  expect([client.draining.aborted, server.draining.aborted]).toEqual([false, true]);
  cut();
  const ends = await Promise.all([receive(client).end, receive(server).end]);
  expect(ends).toMatchObject([{ code: Code.Unavailable }, { code: Code.Unavailable }]);
});
