import { TerminalService } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Identity } from "../mesh/identity/identity.ts";
import type { Policy } from "../mesh/policy.ts";
import { serve } from "../mesh/server/serve.ts";
import { startTerminal } from "./running-terminal.ts";
import type { Terminal } from "./terminal.ts";
import type { TerminalOptions } from "./terminal-options.ts";
import { terminalService } from "./terminal-service.ts";

interface ServedTerminal extends AsyncDisposable {
  /** "127.0.0.1:7402" */
  readonly address: string;
  readonly terminal: Terminal;
  drain(graceMs: number): Promise<void>;
}

/**
 * A terminal as a program of its own, with `TerminalService` for tills on the same machine.
 *
 * @param listen "host:port"; port 0 takes any.
 * @param tls with it: mutual TLS, and only operators may call.
 */
export async function serveTerminal(
  listen: string,
  options: TerminalOptions,
  tls?: { readonly identity: Identity; readonly trustDomain: string },
): Promise<ServedTerminal> {
  const { clock, log, telemetry, certificate } = options;
  await using stack = new AsyncDisposableStack();
  const terminal = stack.use(await startTerminal(options));
  const server = stack.use(
    await serve({
      listen,
      services: [terminalService(terminal, certificate, { clock, log })],
      ...(tls && { identity: tls.identity, policy: terminalPolicy(tls.trustDomain) }),
      clock,
      log,
      telemetry,
    }),
  );
  const running = stack.move();
  return {
    address: server.address,
    terminal,
    async drain(graceMs) {
      await server.drain(graceMs);
      await running.disposeAsync();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Who may ask a terminal to take a payment. */
function terminalPolicy(trustDomain: string): Policy {
  return [
    { identity: `spiffe://${trustDomain}/operator/*`, methods: [`${TerminalService.typeName}/*`] },
  ];
}
