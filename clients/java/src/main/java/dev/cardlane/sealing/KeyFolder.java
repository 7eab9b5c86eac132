package dev.cardlane.sealing;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import dev.cardlane.keys.v1.SignedEnvelope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/**
 * The keys of one program: a folder, as CARDLANE_KEYS_DIR names it, with a JSON file for each.
 *
 * <p>Private keys are {@code <purpose>.key.json} or {@code <purpose>.<key id in hex>.key.json},
 * with the members {@code purpose}, {@code development} and {@code secretKey} (base64).
 * Certificates and trusted roots are protobuf JSON. Everything throws {@link
 * IllegalArgumentException} naming the file that is missing or not usable.
 */
public record KeyFolder(Path path) {
  private static final String CERTIFICATE = "certificate.json";
  private static final String TRUSTED_ROOTS = "trusted-roots.json";

  /** Returns the only key of that purpose: 32 bytes, or 16 for AES-128. */
  public byte[] readKey(String purpose) {
    return readKeyFile(path.resolve(purpose + ".key.json"), purpose);
  }

  /** Returns all keys of that purpose that are named by their key id. */
  public List<byte[]> readKeys(String purpose) {
    try (Stream<Path> files = Files.list(path)) {
      String shape = purpose + "\\.[0-9a-f]{16}\\.key\\.json";
      return files
          .filter(file -> file.getFileName().toString().matches(shape))
          .sorted()
          .map(file -> readKeyFile(file, purpose))
          .toList();
    } catch (IOException failure) {
      throw new IllegalArgumentException("no folder " + path, failure);
    }
  }

  /** Writes a development key, readable by the owner alone. */
  public void writeKey(String purpose, byte[] secretKey) {
    JsonObject content = new JsonObject();
    content.addProperty("purpose", purpose);
    content.addProperty("development", true);
    content.addProperty("secretKey", Base64.getEncoder().encodeToString(secretKey));
    write(purpose + ".key.json", new GsonBuilder().setPrettyPrinting().create().toJson(content));
  }

  /** Takes a key away for good; without effect when it is not there. */
  public void destroyKey(String purpose) {
    try {
      Files.deleteIfExists(path.resolve(purpose + ".key.json"));
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Tells whether a certificate was written here. */
  public boolean hasCertificate() {
    return Files.exists(path.resolve(CERTIFICATE));
  }

  /** Returns the certificate, not verified. */
  public SignedEnvelope readCertificate() {
    SignedEnvelope.Builder envelope = SignedEnvelope.newBuilder();
    readMessage(CERTIFICATE, envelope);
    return envelope.build();
  }

  /** Writes the certificate. */
  public void writeCertificate(SignedEnvelope envelope) {
    writeMessage(CERTIFICATE, envelope);
  }

  /** Returns the roots that this program trusts. */
  public TrustedRoots readTrustedRoots() {
    dev.cardlane.keys.v1.TrustedRoots wire = readTrustedRootsMessage();
    refuseInProduction(path.resolve(TRUSTED_ROOTS), wire.getDevelopment());
    return TrustedRoots.parse(wire);
  }

  /** Makes this folder, and trusts in it what another folder trusts. */
  public void createTrusting(KeyFolder like) {
    try {
      Files.createDirectories(path);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    writeMessage(TRUSTED_ROOTS, like.readTrustedRootsMessage());
  }

  private dev.cardlane.keys.v1.TrustedRoots readTrustedRootsMessage() {
    dev.cardlane.keys.v1.TrustedRoots.Builder roots =
        dev.cardlane.keys.v1.TrustedRoots.newBuilder();
    readMessage(TRUSTED_ROOTS, roots);
    return roots.build();
  }

  private static byte[] readKeyFile(Path file, String purpose) {
    JsonObject content = parse(file);
    if (!purpose.equals(text(content.get("purpose")))) {
      throw new IllegalArgumentException(file + " is not a " + purpose + " key");
    }
    refuseInProduction(file, !"false".equals(text(content.get("development"))));
    byte[] key;
    try {
      key = Base64.getDecoder().decode(text(content.get("secretKey")));
    } catch (IllegalArgumentException notBase64) {
      key = new byte[0];
    }
    if (key.length != 16 && key.length != 32) {
      throw new IllegalArgumentException(
          file + " must hold 16 or 32 bytes in base64, got " + key.length);
    }
    return key;
  }

  private static String text(JsonElement member) {
    return member != null && member.isJsonPrimitive() ? member.getAsString() : "";
  }

  private void readMessage(String name, Message.Builder message) {
    Path file = path.resolve(name);
    try {
      JsonFormat.parser().merge(readText(file), message);
    } catch (InvalidProtocolBufferException notOne) {
      throw new IllegalArgumentException(file + " could not be read", notOne);
    }
  }

  private void writeMessage(String name, MessageOrBuilder message) {
    try {
      write(name, JsonFormat.printer().print(message));
    } catch (InvalidProtocolBufferException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private void write(String name, String text) {
    Path file = path.resolve(name);
    try {
      Files.deleteIfExists(file);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(file, text + "\n");
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static JsonObject parse(Path file) {
    try {
      return JsonParser.parseString(readText(file)).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException notAnObject) {
      // A parser's message quotes what it read, so it is not passed on.
      throw new IllegalArgumentException(file + " must hold one JSON object");
    }
  }

  private static String readText(Path file) {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException missing) {
      throw new IllegalArgumentException("no file " + file, missing);
    } catch (IOException failure) {
      throw new IllegalArgumentException(file + " could not be read", failure);
    }
  }

  private static void refuseInProduction(Path file, boolean isDevelopment) {
    if (isDevelopment && "production".equals(System.getenv("CARDLANE_ENVIRONMENT"))) {
      throw new IllegalArgumentException(file + " was made for development: refused in production");
    }
  }
}
