package dev.cardlane.sealing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonObject;
import dev.cardlane.Vectors;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The published vectors: sealed boxes, DUKPT and PIN blocks, Ed25519. */
class SealingVectorsTest {
  private static final JsonObject DUKPT = Vectors.read("aes-dukpt-iso9564-format4");

  @TestFactory
  Stream<DynamicTest> sealedBoxes() {
    return Vectors.each(Vectors.read("sealed-box"), "vectors")
        .map(
            vector -> {
              byte[] message = Vectors.bytes(vector, "message");
              return DynamicTest.dynamicTest(
                  message.length + " bytes", () -> checkSealedBox(vector, message));
            });
  }

  private static void checkSealedBox(JsonObject vector, byte[] message) {
    AgreementKey key = new AgreementKey(Vectors.bytes(vector, "secret_key"));
    assertArrayEquals(Vectors.bytes(vector, "public_key"), key.publicKey());
    byte[] sealed = Vectors.bytes(vector, "sealed");
    assertArrayEquals(message, SealedBox.open(key, sealed));
    // The vector's ephemeral key is not published, so a fresh box is only opened again.
    byte[] fresh = SealedBox.seal(key.publicKey(), message, RandomBytes.system());
    assertEquals(message.length + SealedBox.OVERHEAD_BYTES, fresh.length);
    assertArrayEquals(message, SealedBox.open(key, fresh));
    for (int at : new int[] {0, 31, 32, sealed.length - 1}) {
      byte[] damaged = Vectors.flipped(sealed, at);
      assertThrows(RejectedException.class, () -> SealedBox.open(key, damaged));
    }
  }

  @TestFactory
  Stream<DynamicTest> ed25519Verdicts() {
    return Vectors.each(Vectors.read("ed25519-verdicts"), "vectors")
        .map(
            vector ->
                DynamicTest.dynamicTest(
                    vector.get("name").getAsString(),
                    () ->
                        assertEquals(
                            vector.get("expect").getAsString(),
                            verdict(vector),
                            vector.get("why").getAsString())));
  }

  private static String verdict(JsonObject vector) {
    byte[] message = Vectors.bytes(vector, "message");
    byte[] signature = Vectors.bytes(vector, "signature");
    try {
      VerifyingKey key = new VerifyingKey(Vectors.bytes(vector, "public_key"));
      return key.verify(message, signature) ? "accepted" : "refused";
    } catch (RejectedException refused) {
      return "refused";
    }
  }

  @TestFactory
  Stream<DynamicTest> signatures() {
    return Vectors.each(Vectors.read("signatures"), "vectors")
        .map(
            vector ->
                DynamicTest.dynamicTest(
                    vector.get("name").getAsString(),
                    () ->
                        assertEquals(
                            vector.get("expect").getAsString().equals("accepted"),
                            isSigned(vector.getAsJsonObject("given")),
                            vector.get("why").getAsString())));
  }

  private static boolean isSigned(JsonObject given) {
    String type = given.get("type").getAsString().replace('-', '_').toUpperCase(Locale.ROOT);
    byte[] body = Vectors.bytes(given, "body");
    byte[] signature = Vectors.bytes(given, "signature");
    try {
      VerifyingKey key = new VerifyingKey(Vectors.bytes(given, "public_key"));
      return Dsse.verify(Dsse.PayloadType.valueOf(type), body, signature, key);
    } catch (RejectedException refused) {
      return false;
    }
  }

  @Test
  void dukptInitialKey() {
    byte[] derived =
        DukptRegister.deriveInitialKey(
            Vectors.bytes(DUKPT, "bdk"), Vectors.bytes(DUKPT, "initial_key_id"));
    assertArrayEquals(Vectors.bytes(DUKPT, "initial_key"), derived);
  }

  @Test
  void dukptPinKeysAndPinBlocks() {
    DukptRegister register = loaded();
    byte[] pinField = Vectors.bytes(DUKPT, "pin_field");
    byte[] random = Arrays.copyOfRange(pinField, 8, 16);
    String pin = DUKPT.get("pin").getAsString();
    String pan = DUKPT.get("pan").getAsString();
    for (JsonObject expected : Vectors.each(DUKPT, "transactions").toList()) {
      DukptRegister.PinKey taken = register.nextPinKey();
      byte[] counter = {0, 0, 0, expected.get("counter").getAsByte()};
      assertArrayEquals(
          Bytes.concat(Vectors.bytes(DUKPT, "initial_key_id"), counter), taken.keySerialNumber());
      assertArrayEquals(Vectors.bytes(expected, "pin_encryption_key"), taken.key());
      assertArrayEquals(
          Vectors.bytes(expected, "encrypted_pin_block"),
          PinBlock.encipher(taken.key(), pin, pan, length -> random));
      register = DukptRegister.parse(register.serialize());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 12, 13 + 16, 13 + 31 * 16})
  void damagedDukptRegisterIsRefused(int at) {
    DukptRegister register = loaded();
    register.nextPinKey();
    byte[] state = register.serialize();
    Arrays.fill(state, at, Math.min(at + 16, state.length), (byte) (at == 0 ? 2 : 0));
    assertThrows(IllegalArgumentException.class, () -> DukptRegister.parse(state));
  }

  @ParameterizedTest
  @CsvSource({
    "00000001, 00000002",
    "0000ffff, 00010000",
    "0001fffe, 00020000",
    "ffff0000, 00000000",
  })
  void dukptCounterNeverHasMoreThan16OneBits(String counter, String following) {
    byte[][] keys = new byte[32][];
    Arrays.setAll(keys, position -> Vectors.repeated(position + 1, 16));
    int start = Integer.parseUnsignedInt(counter, 16);
    DukptRegister register = new DukptRegister(new byte[8], keys, start);
    register.nextPinKey();
    byte[] expected = HexFormat.of().parseHex(following);
    assertArrayEquals(expected, Arrays.copyOfRange(register.serialize(), 9, 13));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "123", "1234567890123", "12a4", "١٢٣٤"})
  void whatIsNoPinIsRefused(String pin) {
    assertThrows(
        IllegalArgumentException.class,
        () -> PinBlock.encipher(new byte[16], pin, "4242424242424242", RandomBytes.system()));
  }

  private static DukptRegister loaded() {
    return DukptRegister.load(
        Vectors.bytes(DUKPT, "initial_key_id"), Vectors.bytes(DUKPT, "initial_key"));
  }
}
