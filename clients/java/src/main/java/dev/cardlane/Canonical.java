package dev.cardlane;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;

/**
 * The one serialisation of what is signed or hashed as bytes: fields in the order of their numbers,
 * each once, none with its default value, shortest varints.
 */
public final class Canonical {
  private Canonical() {}

  /** Serialises a message once, to be signed as these bytes. */
  public static byte[] encode(Message message) {
    byte[] bytes = new byte[message.getSerializedSize()];
    CodedOutputStream output = CodedOutputStream.newInstance(bytes);
    output.useDeterministicSerialization();
    try {
      message.writeTo(output);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes;
  }

  /**
   * Decodes the canonical serialisation of a message, and nothing else.
   *
   * <p>Everything else decodes as well, but encodes to other bytes. Unknown fields are thrown away
   * before the comparison, because they would be written again.
   *
   * @throws PaymentException MALFORMED_REQUEST
   */
  public static <M extends Message> M decode(Parser<M> parser, byte[] bytes) {
    M message;
    try {
      message = DiscardUnknownFieldsParser.wrap(parser).parseFrom(bytes);
    } catch (InvalidProtocolBufferException notOne) {
      throw malformed();
    }
    if (!Arrays.equals(encode(message), bytes)) {
      throw malformed();
    }
    return message;
  }

  private static PaymentException malformed() {
    return new PaymentException(
        ErrorCode.MALFORMED_REQUEST, "must be one message in canonical serialisation");
  }
}
