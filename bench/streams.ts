import type { Question } from "./question.ts";
export const measureStreams: Question = async () => ({ table: "", facts: {} });
