/** Further apart than a third of the longer one, two names are two words. */
const DISTANCE_SHARE_MAX = 1 / 3;

/** The known name that was meant with a mistyped one; undefined when nothing is close. */
export function nearestName<Name extends string>(
  typed: string,
  known: readonly Name[],
): Name | undefined {
  const [nearest] = known
    .map((name) => ({ name, distance: distanceOf(typed, name) }))
    .filter(({ name, distance }) => {
      return distance <= Math.max(typed.length, name.length) * DISTANCE_SHARE_MAX;
    })
    .sort((left, right) => left.distance - right.distance);
  return nearest?.name;
}

/** Levenshtein's: how many letters to put in, take out or replace to make one text the other. */
function distanceOf(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...left].entries()) {
    const next = [index + 1];
    for (const [at, other] of [...right].entries()) {
      const replaced = (row[at] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
