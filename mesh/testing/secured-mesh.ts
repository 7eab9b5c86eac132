import { join } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { dial, type MeshChannel } from "../client/dial.ts";
import { systemClock } from "../clock.ts";
import { type Identity, loadIdentity } from "../identity/identity.ts";
import { silentLog } from "../log.ts";
import type { Policy } from "../policy.ts";
import type { ServeOptions } from "../server/serve.ts";
import { TestAuthority, temporaryDirectory } from "./certificates.ts";
import { box, echoServer } from "./echo-server.ts";
import { ManualClock } from "./manual-clock.ts";
import { receive } from "./received.ts";

export const RELAY = "spiffe://cardlane/relay/A1";
export const PROCESSOR = "spiffe://cardlane/processor/1";
export const POLICY: Policy = [
  { identity: "spiffe://cardlane/relay/*", methods: [`${ProcessorService.typeName}/*`] },
];

/** An authority, a server that only relays may call, and a way to make callers. */
export async function securedMesh(options: Partial<ServeOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const authority = await TestAuthority.create();
  const clock = new ManualClock();
  const load = async (name: string) => {
    const path = join(directory.path, name);
    return stack.use(await loadIdentity(path, { clock, log: silentLog }));
  };
  await authority.writeTo(join(directory.path, "server"), PROCESSOR);
  const identity = await load("server");
  const server = stack.use(await echoServer({ identity, policy: POLICY, clock, ...options }));
  const call = (caller: Identity, serverIdentity = PROCESSOR): MeshChannel => {
    const targets = [server.address];
    const services = [ProcessorService];
    const options = { targets, services, identity: caller, serverIdentity, clock: systemClock };
    return stack.use(dial({ ...options, timeoutMs: 3_000 }));
  };
  return {
    authority,
    clock,
    server,
    identity,
    directory: directory.path,
    call,
    async caller(spiffeId: string, by = authority, trusted = authority) {
      const name = spiffeId.replaceAll(/\W/g, "-");
      await by.writeTo(join(directory.path, name), spiffeId, trusted);
      return load(name);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** What a unary call and a stream give: 0 for an answer, or the status. */
export async function outcomes(channel: MeshChannel): Promise<{ unary: number; stream: number }> {
  const stream = channel.openStream(ProcessorService.method.process);
  const received = receive(stream);
  stream.send(box(1));
  stream.end();
  const unary = await channel
    .client(ProcessorService)
    .getManifest({})
    .then(
      () => 0,
      (error) => ConnectError.from(error).code,
    );
  return { unary, stream: (await received.end).code };
}
