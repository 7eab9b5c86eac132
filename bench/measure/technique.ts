/** The hot path with one of its techniques switched off, for all programs of a mesh. */
export interface Technique {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
}

export const SWITCHED_OFF: readonly Technique[] = [
  { name: "without group commit", environment: { CARDLANE_GROUP_MAX: "1" } },
  { name: "without a pace", environment: { CARDLANE_GROUP_PACE_MS: "0" } },
  { name: "without libsodium", environment: { CARDLANE_SODIUM: "off" } },
  { name: "every trace kept", environment: { OTEL_TRACES_SAMPLER: "always_on" } },
];
