import { DeviceState } from "../gen/cardlane/relay/v1/relay_pb.ts";
import { PaymentError } from "./errors.ts";

/** As both registries keep it. */
export type DeviceStateName = "ACTIVE" | "SUSPENDED" | "RETIRED";

const NAMES: Readonly<Record<DeviceState, DeviceStateName | undefined>> = {
  [DeviceState.UNSPECIFIED]: undefined,
  [DeviceState.ACTIVE]: "ACTIVE",
  [DeviceState.SUSPENDED]: "SUSPENDED",
  [DeviceState.RETIRED]: "RETIRED",
};

/**
 * The state that a registration asks for.
 *
 * @returns undefined: the one that the device has.
 * @throws PaymentError MALFORMED_REQUEST
 */
export function parseAskedState(state: DeviceState, field: string): DeviceStateName | undefined {
  if (NAMES[state] === undefined && state !== DeviceState.UNSPECIFIED) throw unknown(state, field);
  return NAMES[state];
}

/** The state that a device is to have. @throws PaymentError MALFORMED_REQUEST */
export function parseDeviceState(state: DeviceState, field: string): DeviceStateName {
  const name = NAMES[state];
  if (name === undefined) throw unknown(state, field);
  return name;
}

/**
 * What comes of it.
 *
 * @param device as it stands in the message: "reader R-1".
 * @param known undefined for a device that is new.
 * @throws PaymentError WRONG_STATE when the device is retired.
 */
export function nextState(
  device: string,
  known: DeviceStateName | undefined,
  asked: DeviceStateName | undefined,
): DeviceStateName {
  if (known === "RETIRED" && asked !== undefined && asked !== "RETIRED") throw staysRetired(device);
  return asked ?? known ?? "ACTIVE";
}

/** What the database's own guard says, with the device's name where it is known. */
export function staysRetired(device: string, cause?: unknown): PaymentError {
  return new PaymentError("WRONG_STATE", `${device} is retired, for ever`, { cause });
}

function unknown(state: number, field: string): PaymentError {
  const states = Object.values(NAMES).filter((name) => name !== undefined);
  const message = `${field} must be ${states.join(", ")}, got ${state}`;
  return new PaymentError("MALFORMED_REQUEST", message, { field });
}
