package dev.cardlane.till;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.Durations;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a server said of a call that it refused, or that failed: a gRPC error with its google.rpc
 * details.
 *
 * @param code of docs/failure-modes.md, or the name of the gRPC status when there is none
 * @param certainty FINAL or UNKNOWN; empty when the server did not say
 */
public record Failure(
    String code,
    String message,
    String certainty,
    String nextStep,
    List<String> fields,
    long retryAfterMs) {
  private static final String DOMAIN = "cardlane";

  /** Reads ErrorInfo, BadRequest and RetryInfo out of an error. */
  public static Failure of(StatusRuntimeException error) {
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    List<Any> details = status == null ? List.of() : status.getDetailsList();
    ErrorInfo info = find(details, ErrorInfo.getDefaultInstance());
    BadRequest badRequest = find(details, BadRequest.getDefaultInstance());
    RetryInfo retry = find(details, RetryInfo.getDefaultInstance());
    boolean isOurs = info.getDomain().equals(DOMAIN);
    String description = error.getStatus().getDescription();
    return new Failure(
        isOurs ? info.getReason() : error.getStatus().getCode().name(),
        description == null ? "" : description,
        isOurs ? info.getMetadataOrDefault("certainty", "") : "",
        isOurs ? info.getMetadataOrDefault("next_step", "") : "",
        badRequest.getFieldViolationsList().stream()
            .map(BadRequest.FieldViolation::getField)
            .toList(),
        Durations.toMillis(retry.getRetryDelay()));
  }

  /** Says it, one fact per line. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(code + ": " + message);
    fields.forEach(field -> lines.add("  field: " + field));
    if (!certainty.isEmpty()) {
      lines.add("  certainty: " + certainty.toLowerCase(Locale.ROOT));
    }
    if (!nextStep.isEmpty()) {
      lines.add("  next: " + nextStep.toLowerCase(Locale.ROOT).replace('_', ' '));
    }
    if (retryAfterMs > 0) {
      lines.add("  retry after: " + retryAfterMs + " ms");
    }
    return lines;
  }

  /** Returns the detail of that type, or its empty default. */
  @SuppressWarnings("unchecked")
  private static <M extends Message> M find(List<Any> details, M empty) {
    for (Any detail : details) {
      if (detail.is(empty.getClass())) {
        try {
          return (M) detail.unpack(empty.getClass());
        } catch (InvalidProtocolBufferException damaged) {
          return empty;
        }
      }
    }
    return empty;
  }
}
