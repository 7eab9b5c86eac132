import { create, type DescService } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
} from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../gen/health/v1/health_pb.ts";
import { enumName } from "../payment/enum-name.ts";
import { type Check, expectStatus, expectThat, type Target } from "./check.ts";

/** What every server of the mesh does, whatever it is for. */
export function everyProgram(service: DescService): readonly Check[] {
  const { typeName } = service;
  return [
    { name: "health: the server is SERVING", run: (target) => isServing(target, "") },
    { name: `health: ${typeName} is SERVING`, run: (target) => isServing(target, typeName) },
    {
      name: "health: NOT_FOUND for a service that is not there",
      async run({ channel }) {
        const check = channel.client(Health).check({ service: "no.such.Service" });
        await expectStatus(check, Code.NotFound);
      },
    },
    {
      name: `reflection: lists ${typeName}`,
      async run(target) {
        const names = await listedServices(target);
        expectThat(names.includes(typeName), `expected ${typeName}, got ${names.join(", ")}`);
      },
    },
  ];
}

/** gRPC-Web and Connect are for what stands at the edge; between programs gRPC is enough. */
export const ANSWERS_JSON: Check = {
  name: "Connect: answers JSON over HTTP/1.1",
  async run({ address }) {
    const answer = await fetch(`http://${address}/${Health.typeName}/Check`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expectThat(answer.status === 200, `expected HTTP 200, got ${answer.status}`);
  },
};

async function isServing({ channel }: Target, service: string): Promise<void> {
  const { status } = await channel.client(Health).check({ service });
  expectThat(status === Status.SERVING, `expected SERVING, got ${enumName(Status, status)}`);
}

async function listedServices({ channel, clock }: Target): Promise<readonly string[]> {
  const stream = channel.openStream(ServerReflection.method.serverReflectionInfo);
  const answered = Promise.withResolvers<readonly string[]>();
  using _timer = clock.timer(10_000, () => answered.reject(new Error("no answer for 10 s")));
  stream.onFrame(({ messageResponse: { case: kind, value } }) => {
    if (kind === "listServicesResponse") answered.resolve(value.service.map(({ name }) => name));
    else answered.reject(new Error(`expected a list of services, got ${kind}`));
  });
  stream.onEnd(({ message }) => answered.reject(new Error(message)));
  const messageRequest = { case: "listServices", value: "" } as const;
  stream.send(create(ServerReflectionRequestSchema, { messageRequest }));
  const names = await answered.promise;
  stream.end();
  return names;
}
