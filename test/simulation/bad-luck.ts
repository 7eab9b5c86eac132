import { FAULT_STEPS, type FaultPlan, parseFaults } from "../../mesh/faults.ts";
import type { Observations } from "./checks/observations.ts";
import { PIN_SERVICE, PROCESSORS, RELAYS } from "./program-names.ts";
import type { SimulatedMesh } from "./simulated-mesh.ts";
import { type DatabaseWeather, NO_TROUBLE } from "./world/connections.ts";
import type { Dice } from "./world/dice.ts";
import { PinBackup } from "./world/pin-backup.ts";
import { RelayBackup } from "./world/relay-backup.ts";
import type { SqlEngine } from "./world/sql-engine.ts";
import { STRANDED_KINDS } from "./world/stranded-statement.ts";

const FIRST_MS = 400;
const LAST_MS = 12_000;
const STRIKES_MAX = 9;
const RULES_MAX = 4;
/** About as often as a device writes for one payment. */
const CHANGES_MAX = 6;
/** A backup is as old as one payment or as all of them; a device that is replaced has nothing. */
const RESTORED_CHANGES = [2, 4, 8, 16, 100];

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
/** All certificates and keys are valid for as long before and after. */
const JUMPS_MS = [-24 * HOUR_MS, -2 * HOUR_MS, -100_000, 100_000, 2 * HOUR_MS, 24 * HOUR_MS];

/** What goes wrong at named steps in this run. */
export function drawFaultPlan(dice: Dice, seed: number): FaultPlan {
  const rules = Array.from({ length: dice.between(0, RULES_MAX) }, () => {
    const [step, kinds] = dice.pick(Object.entries(FAULT_STEPS));
    const kind = dice.pick<string>(kinds);
    const delay = kind === "late" ? `=${dice.between(50, 9_000)}` : "";
    return `${kind}@${step}${delay}%${dice.between(2, 40)}`;
  });
  return parseFaults(`seed=${seed} ${rules.join(" ")}`);
}

/** What goes wrong with programs, connections and databases in this run. */
export class BadLuck {
  readonly #mesh: SimulatedMesh;
  readonly #engine: SqlEngine;
  readonly #seen: Pick<Observations, "areRelaysRestored">;
  readonly #dice: Dice;
  #areDevicesRestored = false;
  /** Whether the PIN service's database was put back. */
  arePinsRestored = false;
  /** When the last thing that was held up goes on again. */
  lastEndMs = 0;

  /** @param engine the database of processors and PIN service. */
  constructor(
    mesh: SimulatedMesh,
    engine: SqlEngine,
    seen: Pick<Observations, "areRelaysRestored">,
  ) {
    this.#mesh = mesh;
    this.#engine = engine;
    this.#seen = seen;
    this.#dice = mesh.world.dice;
  }

  plan(): void {
    const { timeline } = this.#mesh.world;
    const count = this.#dice.between(0, STRIKES_MAX);
    for (let number = 0; number < count; number += 1) {
      const atMs = this.#dice.between(FIRST_MS, LAST_MS);
      const strike = this.#dice.pick(this.#strikes);
      timeline.after(atMs, () => {
        if (this.#mesh.world.isFaulty) strike();
      });
    }
  }

  heal(): void {
    const { network, relayDatabase, processorDatabase, hosts } = this.#mesh;
    network.heal();
    for (const weather of [relayDatabase, processorDatabase]) {
      weather.isAway = false;
      weather.trouble = NO_TROUBLE;
      weather.stranded.release();
    }
    for (const host of hosts.values()) host.heal();
  }

  readonly #strikes: readonly (() => void)[] = [
    () => this.#host().crash("kill -9"),
    () => this.#host().crash("kill -9"),
    () => this.#host().pause(this.#lasting(300, 14_000)),
    () => this.#host().pause(this.#lasting(300, 14_000)),
    () => this.#mesh.network.cutOne(),
    () => this.#mesh.network.halfOpenOne(undefined),
    () => this.#mesh.network.halfOpenOne(this.#lasting(300, 14_000)),
    () => this.#away(),
    () => this.#trouble(),
    () => this.#trouble(),
    () => this.#strand(),
    () => this.#strand(),
    () => this.#cutPower(),
    () => this.#cutPower(),
    () => this.#restoreDevice(),
    () => this.#restoreDevice(),
    () => this.#restorePins(),
    () => this.#restoreRelays(),
    () => this.#crashProcessors(),
    () => this.#host().skew(this.#dice.between(-3_000, 3_000)),
    () => this.#wrongClock(),
    () => this.#jump(this.#weather()),
    () => this.#putBackInAnOutage(),
  ];

  #host() {
    return this.#dice.pick([...this.#mesh.hosts.values()]);
  }

  #away(): void {
    const weather = this.#weather();
    weather.isAway = true;
    this.#after(this.#dice.between(200, 5_000), () => {
      weather.isAway = false;
    });
  }

  #trouble(): void {
    const weather = this.#weather();
    weather.trouble = {
      refusedChance: this.#dice.pick([0, 0.1, 0.3]),
      fateUnknownChance: this.#dice.pick([0, 0.1, 0.3]),
      slowChance: this.#dice.pick([0, 0.05, 0.2]),
    };
    this.#after(this.#dice.between(500, 6_000), () => {
      weather.trouble = NO_TROUBLE;
    });
  }

  /** A relay's statement is on its way until somebody else has changed its records. */
  #strand(): void {
    const kind = this.#dice.pick(STRANDED_KINDS);
    this.#mesh.relayDatabase.stranded.catch(kind);
    // Only what was recorded while there was no processor is marked as forwarded later.
    if (kind.name === "mark_records_forwarded") this.#crashProcessors();
  }

  #cutPower(): void {
    const device = this.#dice.pick([...this.#mesh.disks.values()]);
    device.cutPowerAt(this.#dice.between(1, CHANGES_MAX));
  }

  /** A terminal or reader gets an older disk, or another one in its place. */
  #restoreDevice(): void {
    // What terminal and relays have both forgotten is for a person: docs/failure-modes.md.
    if (this.#seen.areRelaysRestored) return;
    this.#areDevicesRestored = true;
    // The PIN service's is put back by nobody, so its database may be.
    const devices = [...this.#mesh.disks].filter(([name]) => name !== PIN_SERVICE);
    const [name, disk] = this.#dice.pick(devices);
    const host = this.#mesh.host(name);
    host.crash("its disk is an older one from now on");
    disk.restore(this.#dice.pick(RESTORED_CHANGES));
  }

  /** Wrong PINs that are typed meanwhile are not in the database any more. */
  #restorePins(): void {
    const taken = PinBackup.take(this.#engine);
    this.#after(this.#dice.between(500, 6_000), () => {
      this.#mesh.host(PIN_SERVICE).crash("its database is an older one from now on");
      this.arePinsRestored = true;
      void taken.then((backup) => backup.restore(this.#engine));
    });
  }

  /** What the relays told meanwhile is not in their database any more. */
  #restoreRelays(): void {
    const taken = RelayBackup.take(this.#engine);
    this.#after(this.#dice.between(500, 6_000), () => {
      if (this.#areDevicesRestored || !this.#mesh.world.isFaulty) return;
      const { relayDatabase, world } = this.#mesh;
      for (const name of RELAYS) this.#mesh.host(name).crash("its database is an older one");
      relayDatabase.timesRestored += 1;
      this.#seen.areRelaysRestored = true;
      const nowMs = world.startMs + Math.floor(world.timeline.elapsedMs) + relayDatabase.aheadMs;
      void taken.then((backup) => backup.restore(this.#engine, nowMs));
    });
  }

  /** By hours, a day or a year, and nobody puts it right. */
  #wrongClock(): void {
    const host = this.#host();
    const isDevice = this.#mesh.disks.has(host.name) && host.name !== PIN_SERVICE;
    const offMs = this.#dice.pick(isDevice ? JUMPS_MS : [...JUMPS_MS, -YEAR_MS, YEAR_MS]);
    host.skew(offMs, true);
  }

  /** A database's clock, which nobody puts right either. */
  #jump(weather: DatabaseWeather, jumpsMs = JUMPS_MS): void {
    weather.jump(this.#dice.pick(jumpsMs));
    this.#mesh.world.history.add(weather.name, `clock is ${weather.aheadMs} ms off`);
  }

  /** Whoever goes by the database alone has payments open for as long as its clock was put back. */
  #putBackInAnOutage(): void {
    for (const name of PROCESSORS) this.#mesh.host(name).pause(this.#lasting(50_000, 60_000));
    this.#after(this.#dice.between(200, 3_000), () => {
      this.#jump(this.#mesh.relayDatabase, [-100_000, -2 * HOUR_MS]);
      const relay = this.#mesh.host(this.#dice.pick(RELAYS));
      // One that is gone leaves what it began to the other, by nothing but the due date.
      if (this.#dice.chance(0.5)) relay.crash("in an outage");
      else if (RELAYS.every((name) => !this.#mesh.host(name).isGone)) relay.perish();
    });
  }

  /** What is recorded meanwhile can not be forwarded. */
  #crashProcessors(): void {
    for (const name of PROCESSORS) this.#mesh.host(name).crash("with all of its kind");
  }

  #weather() {
    const { relayDatabase, processorDatabase } = this.#mesh;
    return this.#dice.pick([relayDatabase, processorDatabase]);
  }

  #after(durationMs: number, end: () => void): void {
    this.#mesh.world.timeline.after(durationMs, end);
  }

  #lasting(minMs: number, maxMs: number): number {
    const durationMs = this.#dice.between(minMs, maxMs);
    const endMs = this.#mesh.world.timeline.elapsedMs + durationMs;
    this.lastEndMs = Math.max(this.lastEndMs, endMs);
    return durationMs;
  }
}
