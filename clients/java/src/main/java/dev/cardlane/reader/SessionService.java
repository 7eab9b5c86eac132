package dev.cardlane.reader;

import dev.cardlane.reader.v1.ReaderServiceGrpc.ReaderServiceImplBase;
import dev.cardlane.reader.v1.SessionRequest;
import dev.cardlane.reader.v1.SessionResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.HashSet;
import java.util.Set;

/** The reader's gRPC service: each stream is one Salt Channel session. */
final class SessionService extends ReaderServiceImplBase {
  // One terminal needs one.
  private static final int SESSIONS_MAX = 8;

  private final TerminalSession.Parts parts;
  // Of the event loop alone.
  private final Set<TerminalSession> sessions = new HashSet<>();

  SessionService(TerminalSession.Parts parts) {
    this.parts = parts;
  }

  @Override
  public StreamObserver<SessionRequest> session(StreamObserver<SessionResponse> responses) {
    OpenStream stream = new OpenStream((ServerCallStreamObserver<SessionResponse>) responses);
    parts.loop().execute(stream::open);
    return stream;
  }

  /** Asks all terminals to leave. */
  void drain() {
    parts.loop().execute(() -> sessions.forEach(TerminalSession::drain));
  }

  /** Brings every call of gRPC's threads to the event loop, and speaks from there. */
  private final class OpenStream implements StreamObserver<SessionRequest>, TerminalSession.Line {
    private final ServerCallStreamObserver<SessionResponse> responses;
    private TerminalSession session;

    OpenStream(ServerCallStreamObserver<SessionResponse> responses) {
      this.responses = responses;
      // With a handler, what is sent to a terminal that has gone is dropped silently.
      responses.setOnCancelHandler(() -> parts.loop().execute(this::close));
    }

    void open() {
      if (sessions.size() >= SESSIONS_MAX) {
        Status full = Status.RESOURCE_EXHAUSTED.withDescription("too many sessions");
        responses.onError(full.asRuntimeException());
        return;
      }
      session = new TerminalSession(parts, this);
      sessions.add(session);
    }

    @Override
    public void onNext(SessionRequest frame) {
      parts
          .loop()
          .execute(
              () -> {
                if (session != null) {
                  session.receive(frame);
                }
              });
    }

    @Override
    public void onError(Throwable cut) {
      parts.loop().execute(this::close);
    }

    @Override
    public void onCompleted() {
      parts.loop().execute(this::close);
    }

    @Override
    public void send(SessionResponse frame) {
      responses.onNext(frame);
    }

    @Override
    public void end(boolean isOrderly) {
      sessions.remove(session);
      if (isOrderly) {
        responses.onCompleted();
      } else {
        Status refused = Status.UNAUTHENTICATED.withDescription("session refused");
        responses.onError(refused.asRuntimeException());
      }
    }

    private void close() {
      if (session != null) {
        session.close();
      }
    }
  }
}
