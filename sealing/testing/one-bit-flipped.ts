/** For tests: a copy of `bytes` for each byte, with one bit of that byte changed. */
export function withOneBitFlipped(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from(bytes, (byte, index) => {
    const changed = bytes.slice();
    changed[index] = byte ^ (1 << (index % 8));
    return changed;
  });
}
