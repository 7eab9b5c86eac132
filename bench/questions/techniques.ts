import { EFFORTS } from "../measure/effort.ts";
import { SWITCHED_OFF } from "../measure/technique.ts";
import { compareTechniques } from "../measure/techniques.ts";
import type { Question } from "../question.ts";
import { comparisonTable } from "../report/comparison.ts";

/** What a payment costs with one technique of the hot path switched off. */
export const measureTechniques: Question = async ({ isQuick, say }) => {
  const effort = isQuick ? EFFORTS.quick : EFFORTS.usual;
  const techniques = isQuick ? SWITCHED_OFF.slice(0, 1) : SWITCHED_OFF;
  const { rate, compared } = await compareTechniques({ techniques, effort, say });
  const table = comparisonTable(`in turns, ${rate.paymentsPerSecond}/s`, compared);
  return { table, facts: { rate, compared } };
};
