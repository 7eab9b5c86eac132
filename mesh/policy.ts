/**
 * Who may call what: one row per kind of caller.
 *
 *     [{ identity: "spiffe://cardlane/terminal/*", methods: ["cardlane.relay.v1.RelayService/*"] }]
 *
 * `*` as a part of the identity's path stands for exactly one part; `Service/*` for all methods of
 * that service.
 */
export type Policy = readonly PolicyRow[];

interface PolicyRow {
  readonly identity: string;
  readonly methods: readonly string[];
}

const HEALTH = "grpc.health.v1.Health";

/** What any verified identity may call, and nobody traces: it says nothing about payments. */
const OPEN_SERVICES: readonly string[] = [
  HEALTH,
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
];

/**
 * @param identity verified SPIFFE URI of the caller.
 * @param method "package.Service/Method", without a leading slash.
 */
export function mayCall(policy: Policy, identity: string, method: string): boolean {
  if (isOpen(method)) return true;
  const service = serviceOf(method);
  return policy.some(
    (row) =>
      matchesIdentity(row.identity, identity) &&
      (row.methods.includes(method) || row.methods.includes(`${service}/*`)),
  );
}

/** Whether any verified identity may call it. @param method "package.Service/Method" */
export function isOpen(method: string): boolean {
  return OPEN_SERVICES.includes(serviceOf(method));
}

/** Whether it is health, which probes ask for as often as they like. */
export function isProbe(method: string): boolean {
  return serviceOf(method) === HEALTH;
}

function serviceOf(method: string): string {
  return method.slice(0, method.indexOf("/"));
}

/** Whether `identity` is one that `pattern` (see Policy) stands for. */
export function matchesIdentity(pattern: string, identity: string): boolean {
  const wanted = pattern.split("/");
  const given = identity.split("/");
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part === given[index] || (part === "*" && index >= 3))
  );
}
