package dev.cardlane;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;

/** The language-neutral vectors of test/vectors, and bytes for tests. */
public final class Vectors {
  private Vectors() {}

  /** Returns a file of vectors. */
  public static JsonObject read(String name) {
    Path file = Path.of("..", "..", "test", "vectors", name + ".json");
    try {
      return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Returns the elements of a member that is an array of objects. */
  public static Stream<JsonObject> each(JsonObject vectors, String member) {
    return vectors.getAsJsonArray(member).asList().stream().map(JsonElement::getAsJsonObject);
  }

  /** Returns the bytes of a member in hex. */
  public static byte[] bytes(JsonObject vector, String member) {
    return HexFormat.of().parseHex(vector.get(member).getAsString());
  }

  /** Returns one byte, repeated. */
  public static byte[] repeated(int value, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  /** Returns a copy with one bit flipped. */
  public static byte[] flipped(byte[] bytes, int at) {
    byte[] copy = bytes.clone();
    copy[at] ^= 1;
    return copy;
  }
}
