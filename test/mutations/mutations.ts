import type { Mutation } from "./mutation.ts";
import { OF_DEVICES } from "./of-devices.ts";
import { OF_PROCESSOR } from "./of-processor.ts";
import { OF_RELAY } from "./of-relay.ts";

/** Every safeguard whose absence somebody must see. */
export const MUTATIONS: readonly Mutation[] = [...OF_DEVICES, ...OF_RELAY, ...OF_PROCESSOR];
