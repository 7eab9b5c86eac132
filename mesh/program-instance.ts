/** One of the programs of a mesh, as its log and its spans name it. */
export interface ProgramInstance {
  /** "relay" */
  readonly program: string;
  /** "relay-A1" */
  readonly instance: string;
}
