/** One thing that can be asked of the mesh. */
export type Question = (options: QuestionOptions) => Promise<Answer>;

interface QuestionOptions {
  /** Small sizes and few rounds: shows that it runs, not how fast. */
  readonly isQuick: boolean;
  /** Payments per second in place of the question's own. */
  readonly perSecond: number | undefined;
  /** One line for a person. */
  readonly say: (line: string) => void;
}

export interface Answer {
  /** For a person. */
  readonly table: string;
  /** All that was found, for JSON. */
  readonly facts: Readonly<Record<string, unknown>>;
}
