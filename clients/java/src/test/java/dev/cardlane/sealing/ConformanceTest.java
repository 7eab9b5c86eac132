package dev.cardlane.sealing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cardlane.ErrorCode;
import dev.cardlane.PaymentException;
import dev.cardlane.Vectors;
import dev.cardlane.keys.v1.KeyManifest;
import dev.cardlane.keys.v1.KeyPurpose;
import dev.cardlane.keys.v1.ManifestKey;
import dev.cardlane.payment.v1.ReaderPayment;
import dev.cardlane.payment.v1.Result;
import dev.cardlane.payment.v1.SignedResult;
import dev.cardlane.sealing.Dsse.PayloadType;
import dev.cardlane.till.Failure;
import io.grpc.protobuf.StatusProto;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every vector of docs/conformance.md, each with its own verdict. */
class ConformanceTest {
  /** Returns what an accepted input yields; throws what refuses it. */
  private interface Judge {
    JsonObject judge(JsonObject given);
  }

  private static final Map<String, Judge> JUDGES =
      Map.of(
          "contexts", ConformanceTest::context,
          "signatures", ConformanceTest::signature,
          "boxes", ConformanceTest::box,
          "pin-blocks", ConformanceTest::pinBlock,
          "salt-sessions", ConformanceTest::saltSession,
          "hop-boxes", ConformanceTest::hopBox,
          "box-results", ConformanceTest::boxResults,
          "results", ConformanceTest::result,
          "errors", ConformanceTest::error);

  @TestFactory
  Stream<DynamicTest> vectors() {
    return JUDGES.entrySet().stream()
        .flatMap(
            entry ->
                Vectors.each(Vectors.read(entry.getKey()), "vectors")
                    .map(
                        vector ->
                            DynamicTest.dynamicTest(
                                entry.getKey() + ": " + vector.get("name").getAsString(),
                                () -> check(vector, entry.getValue()))));
  }

  private static void check(JsonObject vector, Judge judge) {
    JsonObject gives = new JsonObject();
    String verdict;
    try {
      gives = judge.judge(vector.getAsJsonObject("given"));
      verdict = "accepted";
    } catch (PaymentException refused) {
      verdict = refused.code().name();
    } catch (RejectedException refused) {
      verdict = "SEALED_DATA_REJECTED";
    }
    assertEquals(vector.get("expect").getAsString(), verdict, vector.get("why").getAsString());
    if (vector.has("gives")) {
      for (Map.Entry<String, JsonElement> wanted : vector.getAsJsonObject("gives").entrySet()) {
        assertEquals(wanted.getValue(), gives.get(wanted.getKey()), wanted.getKey());
      }
    }
  }

  private static JsonObject context(JsonObject given) {
    byte[] bytes = Vectors.bytes(given, "reader_payment");
    byte[] context = ProcessorSide.parse(bytes).getContext().toByteArray();
    byte[] digest = Dsse.digest(PayloadType.PAYMENT_CONTEXT, context);
    return yields(
        "context", hex(context),
        "context_digest", hex(digest),
        "idempotency_digest", hex(Bytes.sha512(bytes)));
  }

  private static JsonObject signature(JsonObject given) {
    String type = text(given, "type").replace('-', '_').toUpperCase(Locale.ROOT);
    byte[] body = Vectors.bytes(given, "body");
    byte[] signature = Vectors.bytes(given, "signature");
    try {
      VerifyingKey key = new VerifyingKey(Vectors.bytes(given, "public_key"));
      if (Dsse.verify(PayloadType.valueOf(type), body, signature, key)) {
        return yields();
      }
    } catch (RejectedException unusable) {
      throw new PaymentException(ErrorCode.SIGNATURE_REJECTED, "key", unusable);
    }
    throw new PaymentException(ErrorCode.SIGNATURE_REJECTED, "signature");
  }

  private static JsonObject box(JsonObject given) {
    AgreementKey key = new AgreementKey(Vectors.bytes(given, "secret_key"));
    byte[] digest = Vectors.bytes(given, "context_digest");
    byte[] sealed = Vectors.bytes(given, "sealed");
    if (text(given, "box").equals("card")) {
      return yields("card_data", hex(ProcessorSide.openCard(key, digest, sealed)));
    }
    String opened = hex(ProcessorSide.openPin(key, digest, sealed));
    return yields("key_serial_number", opened.substring(0, 24), "pin_block", opened.substring(24));
  }

  private static JsonObject pinBlock(JsonObject given) {
    return yields(
        "pin",
        ProcessorSide.decipherPin(
            Vectors.bytes(given, "base_derivation_key"),
            Vectors.bytes(given, "key_serial_number"),
            text(given, "pan"),
            Vectors.bytes(given, "pin_block")));
  }

  private static JsonObject saltSession(JsonObject given) {
    return text(given, "side").equals("client") ? saltClient(given) : saltServer(given);
  }

  private static JsonObject saltClient(JsonObject given) {
    SaltClient client = new SaltClient(signer(0x71), length -> repeated(0x72), 0);
    client.receiveM2(Vectors.bytes(given, "m2"), 0);
    byte[] server = client.receiveM3(Vectors.bytes(given, "m3"), 0);
    byte[] m4 = client.acceptServer(0).m4();
    return yields("m1", hex(client.m1()), "server_public_key", hex(server), "m4", hex(m4));
  }

  private static JsonObject saltServer(JsonObject given) {
    byte[] m1 = Vectors.bytes(given, "m1");
    SaltServer server = new SaltServer(signer(0x73), length -> repeated(0x74), m1, 0);
    SaltChannel channel = server.receiveM4(Vectors.bytes(given, "m4"));
    long atMs = given.get("packets_at_ms").getAsLong();
    JsonArray data = new JsonArray();
    for (JsonElement packet : given.getAsJsonArray("packets")) {
      data.add(hex(channel.open(HexFormat.of().parseHex(packet.getAsString()), atMs)));
    }
    JsonObject gives =
        yields(
            "m2", hex(server.m2()),
            "m3", hex(server.m3()),
            "client_public_key", hex(server.clientPublicKey()));
    gives.add("data", data);
    return gives;
  }

  private static JsonObject hopBox(JsonObject given) {
    byte direction = (byte) (text(given, "direction").equals("request") ? 1 : 2);
    byte[] payload =
        ProcessorSide.openHop(
            new AgreementKey(Vectors.bytes(given, "secret_key")),
            Vectors.bytes(given, "peer_public_key"),
            direction,
            text(given, "relay_id"),
            Vectors.bytes(given, "sealed"));
    return yields("payload", hex(payload));
  }

  private static JsonObject boxResults(JsonObject given) {
    VerifyingKey key = new VerifyingKey(Vectors.bytes(given, "manifest_public_key"));
    byte[] body =
        ProcessorSide.boxResults(key, text(given, "relay_id"), Vectors.bytes(given, "hop_answer"));
    return yields("signed", hex(body));
  }

  private static JsonObject result(JsonObject given) {
    byte[] publicKey = Vectors.bytes(given, "manifest_public_key");
    ManifestKey key =
        ManifestKey.newBuilder()
            .setKeyId(ByteString.copyFrom(KeyId.of(publicKey)))
            .setPurpose(KeyPurpose.KEY_PURPOSE_PROCESSOR_RESULT)
            .setPublicKey(ByteString.copyFrom(publicKey))
            .setNotBeforeMs(given.get("manifest_not_before_ms").getAsLong())
            .setNotAfterMs(given.get("manifest_not_after_ms").getAsLong())
            .build();
    SignedResult signed =
        SignedResult.newBuilder()
            .setResult(ByteString.copyFrom(Vectors.bytes(given, "result")))
            .setSignature(ByteString.copyFrom(Vectors.bytes(given, "signature")))
            .setKeyId(ByteString.copyFrom(Vectors.bytes(given, "key_id")))
            .build();
    ReaderPayment payment = ProcessorSide.parse(Vectors.bytes(given, "reader_payment"));
    Manifest manifest = new Manifest(KeyManifest.newBuilder().addKeys(key).build());
    // A vector has no time of its own: the result may be shown then.
    Result result =
        SignedResults.verifyAnswer(signed, manifest, payment.getContext().toByteArray(), 0);
    String outcome = result.getOutcome().name().substring("OUTCOME_".length());
    return yields("outcome", outcome, "record_number", result.getRecordNumber());
  }

  private static JsonObject error(JsonObject given) {
    com.google.rpc.Status status = status(Vectors.bytes(given, "status"));
    Failure failure = Failure.of(StatusProto.toStatusRuntimeException(status));
    if (failure.certainty().isEmpty()) {
      throw new PaymentException(ErrorCode.INTERNAL, "an error of somebody else");
    }
    return yields(
        "code",
        failure.code(),
        "grpc_status",
        String.valueOf(status.getCode()),
        "certainty",
        "CERTAINTY_" + failure.certainty(),
        "next_step",
        "NEXT_STEP_" + failure.nextStep(),
        "field",
        failure.fields().isEmpty() ? "" : failure.fields().get(0),
        "retry_after_ms",
        String.valueOf(failure.retryAfterMs()));
  }

  private static com.google.rpc.Status status(byte[] bytes) {
    try {
      return com.google.rpc.Status.parseFrom(bytes);
    } catch (InvalidProtocolBufferException mistake) {
      throw new IllegalStateException(mistake);
    }
  }

  private static JsonObject yields(String... namesAndValues) {
    JsonObject gives = new JsonObject();
    for (int at = 0; at < namesAndValues.length; at += 2) {
      gives.add(namesAndValues[at], new JsonPrimitive(namesAndValues[at + 1]));
    }
    return gives;
  }

  private static SigningKey signer(int seed) {
    return new SigningKey(repeated(seed));
  }

  private static byte[] repeated(int value) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static String text(JsonObject given, String field) {
    return given.get(field).getAsString();
  }
}
