package dev.cardlane.sealing;

/**
 * Finds packets that somebody held back.
 *
 * <p>Each side counts milliseconds from its own first packet; the other counts from that packet's
 * arrival, and the two may differ by {@link #DELAY_MS_MAX}. All times are of a clock that is never
 * set back.
 */
final class SaltTimes {
  /** Longer than a busy machine takes, shorter than a person waits. */
  static final long DELAY_MS_MAX = 10_000;

  /** A session is renewed daily: clocks drift apart, and its keys should not live longer. */
  static final long SESSION_MS_MAX = 86_400_000;

  private final long ownEpochMs;
  private final long peerEpochMs;
  private final boolean isOn;

  /**
   * @param isOn off only for the published session, whose time fields are zero
   */
  SaltTimes(long ownEpochMs, long peerEpochMs, boolean isOn) {
    this.ownEpochMs = ownEpochMs;
    this.peerEpochMs = peerEpochMs;
    this.isOn = isOn;
  }

  /** Returns the time field of a packet that is sent now. */
  int stamp(long nowMs) {
    long timeMs = nowMs - ownEpochMs;
    if (timeMs < 0 || timeMs > SESSION_MS_MAX) {
      throw new RejectedException("channel time");
    }
    return isOn ? (int) timeMs : 0;
  }

  /** Refuses a packet that comes too late or from the future. */
  void check(int timeMs, long nowMs) {
    long expectedMs = nowMs - peerEpochMs;
    boolean isLate = Math.abs(expectedMs - timeMs) > DELAY_MS_MAX;
    if (isOn && (isLate || expectedMs > SESSION_MS_MAX + DELAY_MS_MAX)) {
      throw new RejectedException("channel time");
    }
  }

  /** Refuses a peer that answers the own first packet late: it may have got it late. */
  void checkAnswer(long nowMs) {
    if (isOn && nowMs - ownEpochMs > DELAY_MS_MAX) {
      throw new RejectedException("channel time");
    }
  }
}
