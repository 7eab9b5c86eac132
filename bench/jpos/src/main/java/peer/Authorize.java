package peer;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.Serializable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;
import org.jpos.transaction.Context;
import org.jpos.transaction.TransactionParticipant;

/** One authorization, one transaction: durable before it is answered. */
public final class Authorize implements TransactionParticipant {
  private static final int CONNECTIONS = 16;
  /** About what a mesh keeps of a payment. */
  private static final int MESSAGE_BYTES = 800;
  private static final HikariDataSource DATABASE = database();
  private static final AtomicLong LAST_REFERENCE = new AtomicLong();

  private static HikariDataSource database() {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(System.getenv("PEER_URL"));
    config.setUsername(System.getenv("PEER_USER"));
    config.setPassword(System.getenv("PEER_PASSWORD"));
    config.setMaximumPoolSize(CONNECTIONS);
    config.setAutoCommit(false);
    config.addDataSourceProperty("prepareThreshold", "1");
    return new HikariDataSource(config);
  }

  @Override
  public int prepare(long id, Serializable context) {
    Context transaction = (Context) context;
    ISOMsg request = transaction.get("REQUEST");
    try (Connection connection = DATABASE.getConnection()) {
      String reference = String.format("%012d", LAST_REFERENCE.incrementAndGet());
      String code;
      try {
        pay(connection, request, reference);
        connection.commit();
        code = "00";
      } catch (SQLException refused) {
        connection.rollback();
        code = "96";
      }
      transaction.put("RESPONSE", response(request, reference, code));
      return PREPARED | NO_JOIN | READONLY;
    } catch (SQLException | ISOException failure) {
      failure.printStackTrace();
      return ABORTED;
    }
  }

  private static void pay(Connection connection, ISOMsg request, String reference)
      throws SQLException {
    UUID paymentId = UUID.randomUUID();
    long amount = Long.parseLong(request.getString(4));
    String merchant = request.getString(42);
    long account = accountOf(connection, request.getString(2));
    execute(
        connection,
        "INSERT INTO payment (payment_id, merchant_id, terminal_id, trace_number,"
            + " reference_number, amount, currency, response_code, message)"
            + " VALUES (?, ?, ?, ?, ?, ?, 978, '00', ?)",
        paymentId,
        merchant,
        request.getString(41),
        request.getString(11),
        reference,
        amount,
        new byte[MESSAGE_BYTES]);
    execute(
        connection,
        "UPDATE account SET balance = balance - ? WHERE account_id = ? AND balance + credit >= ?",
        amount,
        account,
        amount);
    execute(
        connection,
        "INSERT INTO posting (payment_id, account_id, merchant_id, amount) VALUES (?, ?, ?, ?)",
        paymentId,
        account,
        merchant,
        amount);
    execute(
        connection,
        "UPDATE merchant SET balance = balance + ? WHERE merchant_id = ?",
        amount,
        merchant);
  }

  private static long accountOf(Connection connection, String pan) throws SQLException {
    String sql = "SELECT account_id FROM card WHERE pan = ? AND status = 'ACTIVE'";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, pan);
      ResultSet row = statement.executeQuery();
      if (!row.next()) throw new SQLException("no such card");
      return row.getLong(1);
    }
  }

  private static void execute(Connection connection, String sql, Object... values)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int index = 0; index < values.length; index += 1) {
        statement.setObject(index + 1, values[index]);
      }
      if (statement.executeUpdate() != 1) throw new SQLException("not one row");
    }
  }

  private static ISOMsg response(ISOMsg request, String reference, String code)
      throws ISOException {
    ISOMsg response = (ISOMsg) request.clone();
    response.setResponseMTI();
    response.set(37, reference);
    if (code.equals("00")) response.set(38, "ABC234");
    response.set(39, code);
    response.unset(2);
    return response;
  }
}
