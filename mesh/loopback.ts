/**
 * Whether a host, as it stands in an address or URL, is this machine: `localhost` or an address of
 * 127.0.0.0/8 or ::1, with or without brackets. A name that begins like one is not.
 */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|::1|\[::1\]|127(?:\.\d{1,3}){3})$/.test(host);
}
