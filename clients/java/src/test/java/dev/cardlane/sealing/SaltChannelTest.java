package dev.cardlane.sealing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonObject;
import dev.cardlane.Vectors;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The published session of Salt Channel v2, and what is refused. */
class SaltChannelTest {
  private static final JsonObject SALT = Vectors.read("salt-channel-v2-appendix-a");

  private static SaltClient client() {
    byte[] seed = Arrays.copyOf(Vectors.bytes(SALT, "client_sig_sk"), SigningKey.SEED_BYTES);
    byte[] ephemeral = Vectors.bytes(SALT, "client_ephemeral_sk");
    return new SaltClient(new SigningKey(seed), length -> ephemeral, 0, false);
  }

  private static SaltChannel open(SaltClient client) {
    client.receiveM2(Vectors.bytes(SALT, "m2"), 0);
    client.receiveM3(Vectors.bytes(SALT, "encrypted_m3"), 0);
    return client.acceptServer(0).channel();
  }

  @Test
  void sessionIsThePublishedOneByteForByte() {
    SaltClient client = client();
    assertArrayEquals(Vectors.bytes(SALT, "m1"), client.m1());
    client.receiveM2(Vectors.bytes(SALT, "m2"), 0);
    byte[] serverKey = client.receiveM3(Vectors.bytes(SALT, "encrypted_m3"), 0);
    assertArrayEquals(Arrays.copyOfRange(Vectors.bytes(SALT, "server_sig_sk"), 32, 64), serverKey);
    SaltClient.Accepted accepted = client.acceptServer(0);
    assertArrayEquals(Vectors.bytes(SALT, "encrypted_m4"), accepted.m4());

    JsonObject request = SALT.getAsJsonObject("app_packet_client");
    byte[] packet = accepted.channel().seal(Vectors.bytes(request, "data"), 0);
    assertArrayEquals(Vectors.bytes(request, "packet"), packet);
    // The published answer has the last flag, which is refused here; without it, it opens.
    JsonObject answer = SALT.getAsJsonObject("app_packet_server");
    byte[] unflagged = Vectors.bytes(answer, "packet");
    unflagged[1] = 0;
    assertArrayEquals(Vectors.bytes(answer, "data"), accepted.channel().open(unflagged, 0));
  }

  @Test
  void lastFlagIsRefused() {
    SaltChannel channel = open(client());
    byte[] packet = Vectors.bytes(SALT.getAsJsonObject("app_packet_server"), "packet");
    assertThrows(RejectedException.class, () -> channel.open(packet, 0));
  }

  @Test
  void repeatedPacketIsRefusedAndClosesTheChannel() {
    SaltChannel channel = open(client());
    byte[] packet = Vectors.bytes(SALT.getAsJsonObject("app_packet_server"), "packet");
    packet[1] = 0;
    channel.open(packet, 0);
    assertThrows(RejectedException.class, () -> channel.open(packet, 0));
    assertThrows(RejectedException.class, () -> channel.seal(new byte[1], 0));
  }

  @ParameterizedTest
  @MethodSource("bytesOfM3")
  void m3WithOneFlippedBitIsRefused(int at) {
    SaltClient client = client();
    client.receiveM2(Vectors.bytes(SALT, "m2"), 0);
    byte[] packet = Vectors.flipped(Vectors.bytes(SALT, "encrypted_m3"), at);
    assertThrows(RejectedException.class, () -> client.receiveM3(packet, 0));
  }

  static IntStream bytesOfM3() {
    return IntStream.range(0, 120).filter(at -> at % 7 == 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void m2WithAnotherHeadIsRefused(int at) {
    byte[] packet = Vectors.bytes(SALT, "m2");
    packet[at] ^= (byte) 0x80;
    assertThrows(RejectedException.class, () -> client().receiveM2(packet, 0));
  }

  @Test
  void reflectedEphemeralKeyIsRefused() {
    SaltClient client = client();
    byte[] packet = Vectors.bytes(SALT, "m2");
    System.arraycopy(client.m1(), 10, packet, 6, 32);
    assertThrows(RejectedException.class, () -> client.receiveM2(packet, 0));
  }

  @Test
  void smallOrderEphemeralKeyIsRefused() {
    byte[] packet = Vectors.bytes(SALT, "m2");
    Arrays.fill(packet, 6, packet.length, (byte) 0);
    assertThrows(RejectedException.class, () -> client().receiveM2(packet, 0));
  }

  @Test
  void heldBackPacketsAreRefused() {
    SaltTimes times = new SaltTimes(1_000, 1_500, true);
    times.check(0, 1_500 + SaltTimes.DELAY_MS_MAX);

    assertThrows(RejectedException.class, () -> times.check(0, 1_501 + SaltTimes.DELAY_MS_MAX));
    assertThrows(RejectedException.class, () -> times.check(10_001, 1_500));
    assertThrows(RejectedException.class, () -> times.checkAnswer(11_001));
    assertThrows(RejectedException.class, () -> times.stamp(1_001 + SaltTimes.SESSION_MS_MAX));
  }
}
