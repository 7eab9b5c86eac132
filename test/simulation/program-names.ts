/** The programs of a simulated mesh, by the names of their hosts. */
export const RELAYS = ["A1", "A2"];
/** Of another operator: its relay id and its database are its own. */
export const RELAY_ELSEWHERE = "B1";
export const PROCESSORS = ["P1", "P2"];
export const PIN_SERVICE = "N1";

export function readerName(lane: number): string {
  return `R${lane + 1}`;
}

export function terminalName(lane: number): string {
  return `T${lane + 1}`;
}
