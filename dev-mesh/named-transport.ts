import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { paymentErrorFrom } from "../mesh/errors-to-wire.ts";
import { isSilentLine } from "../mesh/stream/silence.ts";

/** A program of the mesh, as a person would look for it. */
interface NamedProgram {
  /** "relay" */
  readonly name: string;
  /** "127.0.0.1:7403" */
  readonly address: string;
}

/** Says in its errors which program could not be reached, and where. */
export function namedTransport(transport: Transport, program: NamedProgram): Transport {
  return {
    unary: (...call) => transport.unary(...call).catch(rethrown(program)),
    stream: async (...call) => {
      const response = await transport.stream(...call).catch(rethrown(program));
      return { ...response, message: named(response.message, program) };
    },
  };
}

/** The same error where the program answered; else one that names the program. */
export function namingProgram(error: unknown, { name, address }: NamedProgram): unknown {
  if (!(error instanceof ConnectError) || paymentErrorFrom(error) !== undefined) return error;
  const { code } = error;
  if (code === Code.DeadlineExceeded) {
    return new ConnectError(`the ${name} at ${address} did not answer in time`, code);
  }
  if (code !== Code.Unavailable) return error;
  const why = isSilentLine(error) ? `: ${error.rawMessage}` : "";
  return new ConnectError(`the ${name} was not reached at ${address}${why}`, code);
}

function rethrown(program: NamedProgram): (error: unknown) => never {
  return (error) => {
    throw namingProgram(unlessStopping(error), program);
  };
}

/** What a program says of a question while it stops is no answer. */
function unlessStopping(error: unknown): unknown {
  if (!(error instanceof ConnectError)) return error;
  if (paymentErrorFrom(error)?.code !== "STREAM_CUT") return error;
  return new ConnectError(error.rawMessage, error.code);
}

async function* named<T>(messages: AsyncIterable<T>, program: NamedProgram): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw namingProgram(unlessStopping(error), program);
  }
}
