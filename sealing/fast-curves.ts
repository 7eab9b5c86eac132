import type { Curves } from "./curves.ts";
import { nodeCurves } from "./node-curves.ts";
import { sodium } from "./sodium.ts";
import { sodiumCurves } from "./sodium-curves.ts";

/** The fastest curves of this machine: for relay, processor and PIN service. */
export const fastCurves: Curves = sodium === undefined ? nodeCurves : sodiumCurves(sodium);
