package dev.cardlane.sealing;

/**
 * Sealed or signed data was refused.
 *
 * <p>The reason is for the security log alone: whoever sent the data learns that it was refused,
 * and never at which check.
 */
public final class RejectedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  public RejectedException(String reason) {
    super("rejected");
    this.reason = reason;
  }

  public RejectedException(String reason, Throwable cause) {
    super("rejected", cause);
    this.reason = reason;
  }

  /** Which check failed. */
  public String reason() {
    return reason;
  }

  /** The reason of a failure, where there is one, for the security log. */
  public static String reasonOf(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof RejectedException rejected) {
        return rejected.reason;
      }
    }
    return String.valueOf(failure.getMessage());
  }
}
