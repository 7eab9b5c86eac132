package dev.cardlane.till;

import dev.cardlane.PaymentIds;
import dev.cardlane.Settings;
import dev.cardlane.Traceparent;
import dev.cardlane.relay.v1.GetPaymentRequest;
import dev.cardlane.relay.v1.PaymentRecord;
import dev.cardlane.relay.v1.RelayServiceGrpc;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Asks the relay for a record. */
@Command(name = "query", description = "Show what the relay knows of a payment.")
final class QueryCommand implements Callable<Integer> {
  private static final long WITHIN_S = 10;
  private static final Metadata.Key<String> TRACEPARENT =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

  @Parameters(index = "0", paramLabel = "NUMBER", description = "record number or payment id")
  private String number;

  @Option(
      names = "--merchant",
      paramLabel = "ID",
      description = "15 characters, needed with a payment id")
  private String merchantId = "";

  @Override
  public Integer call() throws IOException {
    GetPaymentRequest.Builder request = GetPaymentRequest.newBuilder().setMerchantId(merchantId);
    Optional<String> paymentId = PaymentIds.parse(number);
    paymentId.ifPresentOrElse(request::setPaymentId, () -> request.setRecordNumber(number));
    Metadata metadata = new Metadata();
    metadata.put(TRACEPARENT, Traceparent.create());
    String address = Settings.address("CARDLANE_RELAY", "127.0.0.1:7403");
    try (MeshChannel relay = MeshChannel.open(address)) {
      PaymentRecord payment =
          RelayServiceGrpc.newBlockingStub(relay.channel())
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
              .withDeadlineAfter(WITHIN_S, TimeUnit.SECONDS)
              .getPayment(request.build())
              .getPayment();
      Facts.of(payment).forEach(System.out::println);
      return ExitCode.of(payment.getCertainty(), payment.getState()).number();
    }
  }
}
