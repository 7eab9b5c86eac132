/** The part of the package `smpp` that is used here; it comes without types. */
declare module "smpp" {
  import type { Server } from "node:net";

  export interface ShortMessage {
    readonly message: string | Buffer;
    readonly udh?: readonly Buffer[];
  }

  export interface Pdu {
    readonly command_status: number;
    readonly source_addr: string;
    readonly destination_addr: string;
    readonly data_coding: number;
    readonly esm_class: number;
    /** Undefined in a unit that ends before it. */
    readonly short_message?: ShortMessage;
    readonly message_id?: string;
    readonly system_id?: string;
    readonly password?: string;
    response(fields?: Record<string, unknown>): Pdu;
  }

  export interface Session {
    on(event: string, listener: (pdu: Pdu) => void): void;
    send(pdu: Pdu): boolean;
    deliver_sm(fields: Record<string, unknown>, onAnswer?: (pdu: Pdu) => void): boolean;
    close(): void;
    destroy(): void;
  }

  export function createServer(
    options: Record<string, unknown>,
    onSession: (session: Session) => void,
  ): Server;
}
