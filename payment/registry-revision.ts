/** What was checked by a registry, as it was at that revision. */
interface CheckedByRegistry {
  readonly registryRevision: bigint;
}

/**
 * The lowest of several: where it is the registry's own, nothing has changed since any of them. A
 * statement that writes all of them compares it, so that a device which was suspended a moment ago
 * is not served.
 *
 * @param checked at least one.
 */
export function lowestRevision(checked: readonly CheckedByRegistry[]): bigint {
  const [first, ...others] = checked;
  if (first === undefined) throw new Error("bug: nothing was checked");
  let lowest = first.registryRevision;
  for (const { registryRevision } of others) {
    if (registryRevision < lowest) lowest = registryRevision;
  }
  return lowest;
}
