package peer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.channel.PostChannel;
import org.jpos.iso.packager.ISO87BPackager;

/**
 * Terminals with a socket each and one message on the way: Load PORT SOCKETS MERCHANTS.
 *
 * <p>Says "ready" when all are connected. Each line of standard input is a run of so many
 * milliseconds; it is answered by "APPROVED REFUSED MEDIAN P99", times in microseconds.
 */
public final class Load {
  private static final int CONNECT_TRIES = 300;
  private static final int CONNECT_PAUSE_MS = 100;

  private final PostChannel channel;
  private final Random random;
  private final int merchants;
  private final String terminal;
  private final List<Long> nanos = new ArrayList<>();
  private int sent;
  private int refused;

  private Load(int port, int number, int merchants) throws Exception {
    this.channel = connect(port);
    this.random = new Random(number);
    this.merchants = merchants;
    this.terminal = String.format("T%07d", number);
  }

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    List<Load> all = new ArrayList<>();
    for (int number = 0; number < Integer.parseInt(args[1]); number += 1) {
      all.add(new Load(port, number, Integer.parseInt(args[2])));
    }
    System.out.println("ready");
    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
    for (String order = orders.readLine(); order != null; order = orders.readLine()) {
      System.out.println(runAll(all, Long.parseLong(order)));
    }
    System.exit(0);
  }

  private static String runAll(List<Load> all, long durationMs) throws Exception {
    long until = System.nanoTime() + durationMs * 1_000_000;
    List<Thread> threads = new ArrayList<>();
    for (Load one : all) {
      one.nanos.clear();
      one.refused = 0;
      threads.add(new Thread(() -> one.run(until)));
    }
    for (Thread thread : threads) thread.start();
    for (Thread thread : threads) thread.join();
    long[] times =
        all.stream().flatMap(one -> one.nanos.stream()).mapToLong(Long::longValue).toArray();
    Arrays.sort(times);
    int failed = all.stream().mapToInt(one -> one.refused).sum();
    return String.format(
        "%d %d %d %d", times.length, failed, quantile(times, 0.5), quantile(times, 0.99));
  }

  /** Microseconds. */
  private static long quantile(long[] sorted, double share) {
    if (sorted.length == 0) return 0;
    return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)] / 1_000;
  }

  private void run(long until) {
    try {
      while (System.nanoTime() < until) {
        long started = System.nanoTime();
        channel.send(request());
        ISOMsg answer = channel.receive();
        if ("00".equals(answer.getString(39))) nanos.add(System.nanoTime() - started);
        else refused += 1;
      }
    } catch (Exception failure) {
      failure.printStackTrace();
      refused += 1;
    }
  }

  private ISOMsg request() throws Exception {
    sent += 1;
    ISOMsg request = new ISOMsg("0200");
    request.set(2, "42424242424242" + String.format("%02d", random.nextInt(100)));
    request.set(3, "000000");
    request.set(4, "000000001250");
    request.set(7, "1130120000");
    request.set(11, String.format("%06d", sent % 1_000_000));
    request.set(12, "120000");
    request.set(13, "1130");
    request.set(22, "051");
    request.set(25, "00");
    request.set(41, terminal);
    request.set(42, String.format("M%014d", random.nextInt(merchants)));
    request.set(49, "978");
    return request;
  }

  private static PostChannel connect(int port) throws Exception {
    for (int tries = 1; ; tries += 1) {
      PostChannel channel = new PostChannel("127.0.0.1", port, new ISO87BPackager());
      try {
        channel.connect();
        return channel;
      } catch (java.io.IOException notYet) {
        if (tries == CONNECT_TRIES) throw notYet;
        Thread.sleep(CONNECT_PAUSE_MS);
      }
    }
  }
}
