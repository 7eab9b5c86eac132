import type { DescMethod, DescMethodUnary, Message } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import type { MeshService } from "../mesh/service.ts";
import { ACTS } from "./acts.ts";
import type { OperatorAudit } from "./operator-audit.ts";

type Handler = (request: Message, context: HandlerContext) => unknown;

/** The services with every act of an operator written down, before it is done and after it. */
export function audited(
  services: readonly MeshService[],
  audit: OperatorAudit,
): readonly MeshService[] {
  return services.map((service) => {
    const methods = { ...service.methods };
    for (const method of service.desc.methods) {
      const handler = methods[method.localName] as Handler | undefined;
      if (handler === undefined || !mayBeAct(method)) continue;
      const name = `${method.parent.typeName}/${method.name}`;
      const act = ACTS[name];
      if (act === undefined) continue;
      methods[method.localName] = async (request: Message, context: HandlerContext) =>
        await audit.during({ name, act, input: method.input, request, context }, () =>
          handler(request, context),
        );
    }
    return { ...service, methods };
  });
}

/** Whether a call of it can change something. A stream of payments is no operator's. */
export function mayBeAct(method: DescMethod): method is DescMethodUnary {
  return (
    method.methodKind === "unary" &&
    method.idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS
  );
}
