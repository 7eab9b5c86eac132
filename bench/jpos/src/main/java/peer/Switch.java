package peer;

import org.jpos.q2.Q2;

/** Starts jPOS's Q2, and ends when standard input does: with whoever started it. */
public final class Switch {
  private Switch() {}

  public static void main(String[] args) throws Exception {
    new Q2(new String[] {"-d", args[0]}).start();
    while (System.in.read() >= 0) {
      // Nothing is said to it.
    }
    System.exit(0);
  }
}
