import { join, relative } from "node:path";
import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import type { MeshDirectory, ProgramName } from "../../dev-mesh/mesh-directory.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import type { Paint } from "../print/text.ts";

interface Example {
  readonly program: ProgramName;
  /** Request as JSON; empty for none. */
  readonly request: string;
  readonly method: string;
}

const EXAMPLES: readonly Example[] = [
  {
    program: "reader",
    request: "",
    method: "cardlane.reader.v1.ReaderControlService/GetDisplay",
  },
  { program: "terminal", request: "", method: "cardlane.terminal.v1.TerminalService/GetTerminal" },
  {
    program: "relay",
    request: JSON.stringify({ page_size: 5 }),
    method: "cardlane.relay.v1.RelayService/ListPayments",
  },
  {
    program: "processor",
    request: JSON.stringify({
      merchant_id: DEVELOPMENT_MESH.merchantId,
      currency: currencyFromLetters("EUR"),
    }),
    method: "cardlane.processor.v1.ProcessorRegistryService/GetBalance",
  },
  { program: "pin-service", request: "", method: "grpc.health.v1.Health/Check" },
];

/** What is needed to call the services of a mesh. */
interface Callable {
  readonly addresses: Readonly<Record<ProgramName, string>>;
  readonly directory: MeshDirectory;
  readonly isTls: boolean;
}

/**
 * Each service's address with a call that works as it is pasted into a shell.
 *
 * @param workingDirectory where that shell is.
 */
export function serviceLines(
  mesh: Callable,
  { paint, workingDirectory }: { readonly paint: Paint; readonly workingDirectory: string },
): string[] {
  return EXAMPLES.flatMap(({ program, request, method }) => {
    const address = mesh.addresses[program];
    const data = request === "" ? [] : ["-d", quoted(request)];
    const credentials = credentialsFor(program, mesh, workingDirectory);
    const words = ["grpcurl", ...credentials, ...data, address, method];
    return ["", `${paint("bold", program.padEnd(12))} ${address}`, `  ${words.join(" ")}`];
  });
}

/** The reader is plaintext always: the Salt Channel protects it. */
function credentialsFor(
  program: ProgramName,
  { directory, isTls }: Callable,
  workingDirectory: string,
): string[] {
  if (!isTls || program === "reader") return ["-plaintext"];
  const from = relative(workingDirectory, directory.tlsOf("operator"));
  const file = (name: string) => quoted(join(from, name));
  return ["-cacert", file("ca.pem"), "-cert", file("cert.pem"), "-key", file("key.pem")];
}

/** For a POSIX shell; plain words stay as they are. */
function quoted(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
