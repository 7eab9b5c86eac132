import type { Socket } from "node:net";

/** First bytes of every HTTP/2 connection (RFC 9113, 3.4); no HTTP/1.1 method starts like this. */
const HTTP2_PREFACE_START = Buffer.from("PRI");

/** Which HTTP a client speaks in plaintext. The bytes stay in the socket for whoever reads on. */
export function whenHeard(socket: Socket, then: (isHttp2: boolean) => void): void {
  let start = Buffer.alloc(0);
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    start = Buffer.concat([start, chunk]);
    if (start.byteLength < HTTP2_PREFACE_START.byteLength) return;
    socket.off("readable", onReadable);
    socket.unshift(start);
    then(start.subarray(0, HTTP2_PREFACE_START.byteLength).equals(HTTP2_PREFACE_START));
  };
  socket.on("readable", onReadable);
}
