import type { LoadGenerator } from "./load-generator.ts";

const PAYMENTS_PER_SECOND = 400;

/**
 * Every till pays, in turns: a terminal's and a reader's first payment costs the verification of
 * their certificates, which is not what is asked.
 */
export async function payOnceEach(load: LoadGenerator, tillCount: number): Promise<void> {
  const plan = {
    paymentsPerSecond: PAYMENTS_PER_SECOND,
    // Payments become due at random: a tenth more, so that nobody is left out.
    durationMs: Math.max(1_000, (tillCount / PAYMENTS_PER_SECOND) * 1_000 * 1.1),
    warmUpMs: 0,
    pinShare: 0,
    repeatShare: 0,
    seed: 0,
  };
  await load.run(plan, async () => undefined);
}
