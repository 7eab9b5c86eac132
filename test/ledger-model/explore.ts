/** One thing that may happen next, in words. */
export interface Move<State> {
  readonly says: string;
  readonly to: State;
  /** It goes wrong here. What is left then must come right without another one. */
  readonly isFault?: boolean;
}

export interface Model<State> {
  readonly begins: State;
  moves(state: State): readonly Move<State>[];
  /** What must never be, in any state. */
  problem(state: State): string | undefined;
  /** What must not be once nothing happens any more by itself. */
  unsettled(state: State): string | undefined;
}

interface Explored {
  readonly states: number;
  /** The shortest way to the first problem. */
  readonly found?: { readonly problem: string; readonly trace: readonly string[] };
}

interface Visit<State> {
  readonly state: State;
  readonly from: Visit<State> | undefined;
  readonly says: string;
}

/** A state in which things go on by themselves for longer than this never settles. */
const CALM_MOVES_MAX = 200;

/**
 * Goes through all states that there are, the nearest first, and looks at each: whether it may be,
 * and whether what is left comes right when nothing more goes wrong.
 *
 * @throws Error when there are more than `statesMax`.
 */
export function explore<State>(model: Model<State>, statesMax = 2_000_000): Explored {
  const seen = new Set<string>([keyOf(model.begins)]);
  let edge: Visit<State>[] = [{ state: model.begins, from: undefined, says: "" }];
  while (edge.length > 0) {
    const next: Visit<State>[] = [];
    for (const visit of edge) {
      const problem = model.problem(visit.state) ?? afterCalm(model, visit.state);
      if (problem !== undefined) {
        return { states: seen.size, found: { problem, trace: traceOf(visit) } };
      }
      for (const { says, to } of model.moves(visit.state)) {
        const key = keyOf(to);
        if (seen.has(key)) continue;
        seen.add(key);
        if (seen.size > statesMax) throw new Error(`there are more than ${statesMax} states`);
        next.push({ state: to, from: visit, says });
      }
    }
    edge = next;
  }
  return { states: seen.size };
}

function afterCalm<State>(model: Model<State>, start: State): string | undefined {
  let state = start;
  for (let count = 0; count < CALM_MOVES_MAX; count += 1) {
    const move = model.moves(state).find(({ isFault, to }) => {
      return isFault !== true && keyOf(to) !== keyOf(state);
    });
    if (move === undefined) return model.unsettled(state);
    state = move.to;
    const problem = model.problem(state);
    if (problem !== undefined) return problem;
  }
  return "it never settles";
}

function traceOf<State>(last: Visit<State>): readonly string[] {
  const trace: string[] = [];
  for (let visit = last; visit.from !== undefined; visit = visit.from) trace.unshift(visit.says);
  return trace;
}

function keyOf(state: unknown): string {
  return JSON.stringify(state);
}
