import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { MeshDirectory } from "../../dev-mesh/mesh-directory.ts";

/** Programs whose memory is a folder of their own. */
export type DeviceName = "reader" | "terminal";

/** What devices keep, and older copies of it. Only while the device does not run. */
export class DeviceDisks {
  readonly #mesh: MeshDirectory;
  readonly #home: string;
  readonly #copies: Record<DeviceName, string[]> = { reader: [], terminal: [] };

  /** @param home for the copies. */
  constructor(mesh: MeshDirectory, home: string) {
    this.#mesh = mesh;
    this.#home = home;
  }

  /** Oldest first. */
  copiesOf(device: DeviceName): readonly string[] {
    return this.#copies[device];
  }

  keep(device: DeviceName): void {
    const copies = this.#copies[device];
    const copy = join(this.#home, `${device}-${copies.length + 1}`);
    cpSync(this.#mesh.dataOf(device), copy, { recursive: true });
    copies.push(copy);
  }

  putBack(device: DeviceName, copy: string): void {
    this.empty(device);
    cpSync(copy, this.#mesh.dataOf(device), { recursive: true });
  }

  /** As a new device has it, that gets the old one's keys. */
  empty(device: DeviceName): void {
    const folder = this.#mesh.dataOf(device);
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  }
}
