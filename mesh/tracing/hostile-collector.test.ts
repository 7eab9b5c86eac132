import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { environment } from "../../settings/environment.ts";
import { type Behaviour, drip, flood, HostileServer } from "../testing/hostile-server.ts";
import { startTelemetry } from "./telemetry.ts";

const MEBIBYTE = 1_048_576;
const OK = "HTTP/1.1 200 OK\r\nconnection: close\r\n";

/** What would have ended the program that is traced. */
const uncaught: unknown[] = [];
const note = (error: unknown) => void uncaught.push(error);

beforeAll(() => {
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
});

afterEach(() => vi.unstubAllEnvs());

afterAll(() => {
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
});

const says = (words: string | Buffer): Behaviour => answering((socket) => void socket.write(words));
const floods = (head: string, piece: string) =>
  answering((socket) => {
    socket.write(head);
    flood(socket, piece);
  });
const drips = (head: string, piece: string) =>
  answering((socket) => {
    socket.write(head);
    drip(socket, piece);
  });

/** Once it has been asked. */
function answering(then: Behaviour): Behaviour {
  return (socket) => void socket.once("data", () => then(socket));
}

const hostile: readonly { readonly name: string; readonly behave: Behaviour }[] = [
  { name: "never answers", behave: () => undefined },
  { name: "resets the connection", behave: answering((it) => void it.resetAndDestroy()) },
  { name: "sends a body without an end", behave: floods(`${OK}\r\n`, "x") },
  { name: "sends a body a byte at a time", behave: drips(`${OK}\r\n`, "x") },
  { name: "sends headers without an end", behave: floods(OK, "a: b\r\n") },
  { name: "drips headers", behave: drips(OK, "a: b\r\n") },
  { name: "goes on saying 103", behave: floods("", "HTTP/1.1 103 Early Hints\r\n\r\n") },
  { name: "drips 103", behave: drips("", "HTTP/1.1 103 Early Hints\r\n\r\n") },
  { name: "switches protocols", behave: says("HTTP/1.1 101 ok\r\nupgrade: x\r\n\r\n") },
  { name: "answers with no status", behave: says("HTTP/1.1 abc\r\n\r\n") },
  { name: "speaks no protocol", behave: floods("", "\u0016\u0003") },
  {
    name: "asks for a pause of a year",
    behave: says(`${OK.replace("200", "503")}retry-after: 31536000\r\n\r\n`),
  },
];

test.each(hostile)(
  "a collector that $name stops no program from ending",
  async ({ behave }) => {
    await using server = await HostileServer.listen(behave);
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `http://127.0.0.1:${server.port}`);
    vi.stubEnv("OTEL_EXPORTER_OTLP_TIMEOUT", "300");
    vi.stubEnv("OTEL_BSP_EXPORT_TIMEOUT", "500");
    vi.stubEnv("OTEL_LOGS_EXPORTER", "none");
    const telemetry = await startTelemetry({ program: "relay", instance: "A1" }, environment);
    telemetry.spanOf(undefined, "relay.forward", "server").end();
    // Spans may be lost; the program says so and ends (program.ts).
    await Promise.allSettled([telemetry.shutdown()]);
    expect(server.bytesTaken).toBeLessThan(32 * MEBIBYTE);
    expect(uncaught.splice(0)).toEqual([]);
  },
  15_000,
);
