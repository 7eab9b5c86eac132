package dev.cardlane.sealing;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * AES-128 DUKPT (ANSI X9.24-3:2017, 6.3 to 6.5), the device's side: one PIN key for each payment.
 *
 * <p>It holds 32 intermediate keys, one for each bit of the counter. A key is erased as soon as it
 * was used and its children were derived, so a stolen device gives none of the PIN keys that it
 * used before.
 */
public final class DukptRegister {
  public static final int KEY_SERIAL_NUMBER_BYTES = 12;
  public static final int INITIAL_KEY_ID_BYTES = 8;
  public static final int KEY_BYTES = 16;

  static final int USAGE_PIN_ENCRYPTION = 0x1000;
  static final int USAGE_KEY_DERIVATION = 0x8000;
  private static final int USAGE_INITIAL_KEY = 0x8001;
  // A counter with more one-bits is skipped, so that no key is more than 16 derivations deep.
  private static final int ONE_BITS_MAX = 16;
  // The last counter with 16 one-bits: after it the device needs a new initial key.
  private static final int COUNTER_LAST = 0xFFFF0000;
  private static final int REGISTERS = 32;
  private static final byte STATE_VERSION = 1;
  private static final int STATE_BYTES = 1 + KEY_SERIAL_NUMBER_BYTES + REGISTERS * KEY_BYTES;
  private static final byte[] ERASED = new byte[KEY_BYTES];

  private final byte[] initialKeyId;
  private final byte[][] keys;
  // Of the next payment, unsigned; 0 when all keys are used.
  private int counter;

  /** The key of one payment (16 bytes), and its name (12 bytes). */
  public record PinKey(byte[] keySerialNumber, byte[] key) {
    @Override
    public String toString() {
      return "PinKey";
    }
  }

  DukptRegister(byte[] initialKeyId, byte[][] keys, int counter) {
    this.initialKeyId = initialKeyId;
    this.keys = keys;
    this.counter = counter;
  }

  /** Fills a new device's register. The initial key is of no use afterwards: destroy it. */
  public static DukptRegister load(byte[] initialKeyId, byte[] initialKey) {
    Bytes.requireLength("initial key id", initialKeyId, INITIAL_KEY_ID_BYTES);
    Bytes.requireLength("initial key", initialKey, KEY_BYTES);
    byte[][] keys = new byte[REGISTERS][];
    Arrays.fill(keys, ERASED);
    DukptRegister register = new DukptRegister(initialKeyId.clone(), keys, 0);
    register.deriveBelow(REGISTERS, initialKey);
    register.counter = 1;
    return register;
  }

  /**
   * Continues with what {@link #serialize} returned.
   *
   * @throws IllegalArgumentException when it is not whole
   */
  public static DukptRegister parse(byte[] state) {
    if (state.length != STATE_BYTES || state[0] != STATE_VERSION) {
      throw new IllegalArgumentException("a DUKPT register has 525 bytes and version 1");
    }
    ByteBuffer buffer = ByteBuffer.wrap(state, 1, STATE_BYTES - 1);
    byte[] initialKeyId = new byte[INITIAL_KEY_ID_BYTES];
    buffer.get(initialKeyId);
    int counter = buffer.getInt();
    byte[][] keys = new byte[REGISTERS][KEY_BYTES];
    for (byte[] key : keys) {
      buffer.get(key);
    }
    DukptRegister register = new DukptRegister(initialKeyId, keys, counter);
    if (!register.isWhole()) {
      throw new IllegalArgumentException("a DUKPT register does not match its counter");
    }
    return register;
  }

  /** Returns version 1, initial key id[8], counter u32 big-endian, 32 keys: 525 bytes. */
  public byte[] serialize() {
    byte[] head = {STATE_VERSION};
    return Bytes.concat(head, keySerialNumber(), Bytes.concat(keys));
  }

  /**
   * Returns the key of the next payment.
   *
   * <p>Store {@link #serialize} durably before the key is used: a crash then loses a key, and never
   * repeats one.
   *
   * @throws IllegalStateException when the device has used all its keys
   */
  public PinKey nextPinKey() {
    if (counter == 0) {
      throw new IllegalStateException("the reader has used all its PIN keys");
    }
    byte[] serialNumber = keySerialNumber();
    int position = Integer.numberOfTrailingZeros(counter);
    byte[] key = keys[position];
    byte[] pinKey = derive(key, USAGE_PIN_ENCRYPTION, initialKeyId, counter);
    if (Integer.bitCount(counter) < ONE_BITS_MAX) {
      deriveBelow(position, key);
    }
    keys[position] = ERASED;
    counter = nextCounter(counter);
    return new PinKey(serialNumber, pinKey);
  }

  /** Returns the key that is loaded into one device: 16 bytes. For whoever makes devices. */
  public static byte[] deriveInitialKey(byte[] baseDerivationKey, byte[] initialKeyId) {
    byte[] block = Bytes.concat(head(USAGE_INITIAL_KEY), initialKeyId);
    return AesBlock.encipher(baseDerivationKey, block);
  }

  /** Fills the registers under the position with the children of the key. */
  private void deriveBelow(int position, byte[] key) {
    for (int below = 0; below < position; below++) {
      keys[below] = derive(key, USAGE_KEY_DERIVATION, initialKeyId, counter + (1 << below));
    }
  }

  private byte[] keySerialNumber() {
    return ByteBuffer.allocate(KEY_SERIAL_NUMBER_BYTES).put(initialKeyId).putInt(counter).array();
  }

  /** Tells whether lowest one-bit and zero-bits above it are filled, and no more. */
  private boolean isWhole() {
    boolean isPossible =
        Integer.compareUnsigned(counter, COUNTER_LAST) <= 0
            && Integer.bitCount(counter) <= ONE_BITS_MAX;
    int lowest = Integer.numberOfTrailingZeros(counter); // 32 for 0: nothing is filled
    for (int position = 0; position < REGISTERS; position++) {
      boolean isZeroBit = (counter >>> position & 1) == 0;
      boolean isNeeded = position == lowest || (position > lowest && isZeroBit);
      isPossible &= isNeeded != Arrays.equals(keys[position], ERASED);
    }
    return isPossible;
  }

  static byte[] derive(byte[] key, int usage, byte[] initialKeyId, int counter) {
    byte[] data = ByteBuffer.allocate(8).put(initialKeyId, 4, 4).putInt(counter).array();
    return AesBlock.encipher(key, Bytes.concat(head(usage), data));
  }

  /** Version 1, first block, usage u16, AES-128 (2), 128 bits; big-endian. */
  private static byte[] head(int usage) {
    return new byte[] {1, 1, (byte) (usage >>> 8), (byte) usage, 0, 2, 0, (byte) 128};
  }

  /** Returns the next counter with at most 16 one-bits; 0 when there is none. */
  private static int nextCounter(int counter) {
    if (counter == COUNTER_LAST) {
      return 0;
    }
    // With 16 one-bits the children would have 17: adding the lowest bit skips all of them.
    int step = Integer.bitCount(counter) < ONE_BITS_MAX ? 1 : Integer.lowestOneBit(counter);
    return counter + step;
  }
}
