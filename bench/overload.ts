import type { Question } from "./question.ts";
export const measureOverload: Question = async () => ({ table: "", facts: {} });
