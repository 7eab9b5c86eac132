import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { type Hello, HelloSchema } from "../gen/cardlane/mesh/v1/stream_pb.ts";
import { type Check, expectThat, type Target } from "./check.ts";
import type { Conversation, Framed } from "./conversation.ts";

/** The frames that every stream has beside its own. */
type Rule =
  | { readonly case: "hello"; readonly value: Hello }
  | { readonly case: "heartbeat"; readonly value: { readonly sentAtMs: bigint } }
  | { readonly case: "drain" | "close"; readonly value: Record<string, never> };

/** How a role's stream is opened, and how its frames are made. */
interface StreamOf<Out, In extends Framed> {
  readonly name: string;
  readonly open: (target: Target) => Conversation<Out, In>;
  readonly frame: (rule: Rule) => Out;
}

/** Hello, Heartbeat, Drain and Close: docs/protocol/streams.md and stream.proto. */
export function streamRules<Out, In extends Framed>(stream: StreamOf<Out, In>): readonly Check[] {
  const { name, open, frame } = stream;
  const greet = (change: Partial<Hello> = {}): Out =>
    frame({ case: "hello", value: helloOf(change) });
  const endsWith = async (target: Target, code: Code, ...frames: readonly Out[]) => {
    using talk = open(target);
    talk.say(...frames);
    const end = await talk.over();
    expectThat(end.code === code, `expected the end ${Code[code]}, got ${Code[end.code] ?? "OK"}`);
  };
  return [
    {
      name: `${name}: answers Hello with Hello, version 1`,
      async run(target) {
        using talk = open(target);
        talk.say(greet());
        const hello = await talk.hear<Hello>("hello");
        expectThat(hello.protocolVersion === 1, `expected 1, got ${hello.protocolVersion}`);
        const { heartbeatIntervalMs: everyMs, frameBytesMax } = hello;
        expectThat(everyMs >= 1_000 && everyMs <= 60_000, `heartbeats every ${everyMs} ms`);
        expectThat(frameBytesMax >= 1_024 && frameBytesMax <= 4_194_304, `${frameBytesMax} bytes`);
      },
    },
    {
      name: `${name}: refuses another protocol version with FAILED_PRECONDITION`,
      run: (target) => endsWith(target, Code.FailedPrecondition, greet({ protocolVersion: 99 })),
    },
    {
      name: `${name}: takes nothing before Hello`,
      run: (target) =>
        endsWith(
          target,
          Code.InvalidArgument,
          frame({ case: "heartbeat", value: { sentAtMs: 0n } }),
        ),
    },
    {
      name: `${name}: refuses a second Hello`,
      run: (target) => endsWith(target, Code.InvalidArgument, greet(), greet()),
    },
    {
      name: `${name}: refuses Drain, which only servers send`,
      run: (target) =>
        endsWith(target, Code.InvalidArgument, greet(), frame({ case: "drain", value: {} })),
    },
    {
      name: `${name}: takes heartbeats, answers Close with Close, ends with OK`,
      async run(target) {
        using talk = open(target);
        talk.say(greet(), frame({ case: "heartbeat", value: { sentAtMs: 1n } }));
        await talk.hear("hello");
        talk.say(frame({ case: "close", value: {} }));
        await talk.hear("close");
        const end = await talk.over();
        expectThat(end.clean, `expected OK, got "${end.message}"`);
      },
    },
  ];
}

export function helloOf(change: Partial<Hello> = {}): Hello {
  return create(HelloSchema, {
    program: "conformance/1",
    instance: "conformance",
    protocolVersion: 1,
    heartbeatIntervalMs: 10_000,
    timeMs: 0n,
    frameBytesMax: 65_536,
    ...change,
  });
}
