import { create } from "@bufbuild/protobuf";
import {
  type BoxRefused,
  ProcessorService,
  ProcessRequestSchema,
} from "../gen/cardlane/processor/v1/processor_pb.ts";
import { type Check, expectThat, type Target } from "./check.ts";
import { Conversation } from "./conversation.ts";
import { everyProgram } from "./every-program.ts";
import { helloOf, streamRules } from "./stream-rules.ts";

const open = ({ channel, clock }: Target) =>
  new Conversation(channel.openStream(ProcessorService.method.process), clock);

/** What a processor does for relays, as far as it shows without keys. */
export const PROCESSOR_CHECKS: readonly Check[] = [
  ...everyProgram(ProcessorService),
  {
    name: "GetManifest: gives a manifest with its delegation",
    async run({ channel }) {
      const { manifest } = await channel.client(ProcessorService).getManifest({});
      expectThat(manifest?.delegation !== undefined, "expected a delegation, got none");
      expectThat(manifest.manifest !== undefined, "expected a manifest, got none");
    },
  },
  ...streamRules({
    name: "Process",
    open,
    frame: (frame) => create(ProcessRequestSchema, { frame }),
  }),
  {
    name: "Process: refuses a box it cannot open by its number, and the stream goes on",
    async run(target) {
      using talk = open(target);
      const hello = { case: "hello", value: helloOf() } as const;
      const value = {
        number: 1n,
        relayKeyId: new Uint8Array(8).fill(1),
        processorKeyId: new Uint8Array(8).fill(2),
        sealed: new Uint8Array(100).fill(3),
      };
      talk.say(
        create(ProcessRequestSchema, { frame: hello }),
        create(ProcessRequestSchema, { frame: { case: "box", value } }),
      );
      await talk.hear("hello");
      const refused = await talk.hear<BoxRefused>("boxRefused");
      expectThat(refused.number === 1n, `expected number 1, got ${refused.number}`);
      expectThat((refused.fault?.code ?? "") !== "", "expected a code in the fault, got none");
      talk.say(create(ProcessRequestSchema, { frame: { case: "close", value: {} } }));
      await talk.hear("close");
    },
  },
];
