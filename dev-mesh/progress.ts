/** Tells a person what is being done and how long it took. Steps may overlap. */
export interface Progress {
  /** @param detail what to add when the step is done: an address, "made", "already there". */
  step<T>(name: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T>;
}

export const silentProgress: Progress = { step: (_name, work) => work() };
