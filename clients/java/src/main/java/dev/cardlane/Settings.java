package dev.cardlane;

/** Settings from environment variables. */
public final class Settings {
  private Settings() {}

  /**
   * Returns the "host:port" that a variable names.
   *
   * @throws IllegalArgumentException when it has another shape; the message is for a person
   */
  public static String address(String name, String otherwise) {
    String value = text(name, otherwise);
    if (!value.matches("(\\[[0-9a-fA-F:]+]|[^\\s:\\[\\]]+):[0-9]{1,5}")) {
      throw new IllegalArgumentException(name + " must be host:port, got " + value);
    }
    return value;
  }

  /** Returns a variable's text, or what stands for it. */
  public static String text(String name, String otherwise) {
    String value = System.getenv(name);
    return value == null || value.isEmpty() ? otherwise : value;
  }

  /**
   * Returns a variable's text.
   *
   * @throws IllegalArgumentException when it is not set; the message is for a person
   */
  public static String required(String name) {
    String value = text(name, "");
    if (value.isEmpty()) {
      throw new IllegalArgumentException(name + " must be set");
    }
    return value;
  }
}
