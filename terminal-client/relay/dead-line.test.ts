import { expect, test } from "vitest";
import { LinkProxy } from "../../chaos/proxy.ts";
import { ReaderService } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { dial, type MeshChannel } from "../../mesh/client/dial.ts";
import { TerminalBench } from "../../test/fixtures/terminal-bench.ts";

/** A terminal whose lines to reader and relay a test can make dead for ever. */
async function behindLinks() {
  const stack = new AsyncDisposableStack();
  /** None at the first start: then it is not known yet where reader and relay are. */
  const channels: { reader?: MeshChannel; relay?: MeshChannel } = {};
  const bench = await TerminalBench.start(() => {
    const { reader, relay } = channels;
    if (reader === undefined || relay === undefined) return {};
    return {
      openReaderStream: () => reader.openStream(ReaderService.method.session),
      openRelayStream: () => relay.openStream(RelayService.method.transact),
      relayCalls: relay.client(RelayService),
    };
  });
  const { clock } = bench;
  const through = async (address: string) => {
    const link = stack.use(await LinkProxy.open(address));
    const services = [ReaderService, RelayService];
    return { link, channel: stack.use(dial({ targets: [link.address], services, clock })) };
  };
  stack.use(bench);
  const toReader = await through(bench.readerAddress);
  const toRelay = await through(bench.relay.address);
  channels.reader = toReader.channel;
  channels.relay = toRelay.channel;
  await bench.crashTerminal();
  await bench.startTerminal();
  await bench.until(() => bench.terminal.readerSerial !== undefined);
  await bench.until(() => bench.terminal.isRelayConnected);
  const links = { reader: toReader.link, relay: toRelay.link };
  return { bench, links, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test.each(["reader", "relay"] as const)("a terminal leaves a dead line to its %s", async (name) => {
  await using lines = await behindLinks();
  const { bench, links } = lines;
  const isUp = () =>
    name === "reader" ? bench.terminal.readerSerial !== undefined : bench.terminal.isRelayConnected;
  const silentSinceMs = bench.clock.nowMs();
  links[name].forget();
  await bench.until(() => !isUp());
  expect(bench.clock.nowMs() - silentSinceMs).toBeLessThanOrEqual(26_000);
  await bench.until(isUp);
  expect(bench.clock.nowMs() - silentSinceMs).toBeLessThanOrEqual(40_000);
});
