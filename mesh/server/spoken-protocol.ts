import type { Socket } from "node:net";

/** First bytes of every HTTP/2 connection (RFC 9113, 3.4); no HTTP/1.1 request starts like this. */
const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/**
 * Which HTTP a client speaks in plaintext. The bytes stay in the socket for whoever reads on. A
 * session of HTTP/2 takes 64 KiB: it is made for who has said the whole of its first words.
 */
export function whenHeard(socket: Socket, then: (isHttp2: boolean) => void): void {
  let start = Buffer.alloc(0);
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    start = Buffer.concat([start, chunk]);
    const heardBytes = Math.min(start.byteLength, HTTP2_PREFACE.byteLength);
    const isLike = start.subarray(0, heardBytes).equals(HTTP2_PREFACE.subarray(0, heardBytes));
    if (isLike && heardBytes < HTTP2_PREFACE.byteLength) return;
    socket.off("readable", onReadable);
    socket.unshift(start);
    then(isLike);
  };
  socket.on("readable", onReadable);
}
