// A device's life on a disk of its own: node device-life.ts <memory> <directory> <input
// Says each fact at once, so that what it said before it died is known.

import { readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { directoryFiles } from "../../mesh/disk/durable-files.ts";
import { DEVICE_MEMORIES, type DeviceInput } from "./device-memories.ts";

const STDIN = 0;
const STDOUT = 1;

const [memory = "", root = ""] = process.argv.slice(2);
const input = JSON.parse(readFileSync(STDIN, "utf8")) as DeviceInput;
await using files = await directoryFiles(join(root, "data"));
const device = DEVICE_MEMORIES[memory as keyof typeof DEVICE_MEMORIES];
await device.live(files, input, (fact) => void writeSync(STDOUT, `${fact}\n`));
// The power goes before anything is closed in order.
process.exit(0);
