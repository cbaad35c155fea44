package grid.aether.client;

import javax.security.auth.login.LoginException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.security.oauthbearer.JwtRetrieverException;

/** Everything this client throws; {@link Refused} is the answer no, everything else is machinery. */
public class GridException extends RuntimeException {
  public GridException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Says of an error of Kafka's client whether it is a refusal, or nobody is there. */
  static GridException of(String message, Throwable cause) {
    for (Throwable each = cause; each != null; each = each.getCause()) {
      if (each instanceof AuthenticationException || each instanceof AuthorizationException
          || each instanceof LoginException || each instanceof JwtRetrieverException) {
        return new Denied(message, each);
      }
    }
    return new Unreachable(message, cause);
  }

  /** Returns what was said, and for a certificate that does not hold what lies at its bottom. */
  private static String firstLine(Throwable cause) {
    String said = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    Throwable bottom = cause;
    while (bottom.getCause() != null) {
      bottom = bottom.getCause();
    }
    return cause instanceof SslAuthenticationException ? said + ": " + bottom.getMessage() : said;
  }

  /**
   * Kafka refuses these credentials or what they may do, or nobody vouches for it; to try again
   * does not help.
   */
  public static final class Denied extends GridException {
    public Denied(String message, Throwable cause) {
      super(message + ": " + firstLine(cause), cause);
    }
  }

  /** A broker or the registry did not answer; nothing was written. */
  public static final class Unreachable extends GridException {
    public Unreachable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** An event was sent and not acknowledged in time: it may or may not be in the log. */
  public static final class Unknown extends GridException {
    public Unknown(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** What was waited for did not come in time. */
  public static final class TimedOut extends GridException {
    public TimedOut(String message) {
      super(message, null);
    }
  }

  /** A value does not fit its schema, or is too large, or bytes are not what their schema says. */
  public static final class BadEvent extends GridException {
    public BadEvent(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The answer is no; a handler throws it to refuse what it was asked. */
  public static class Refused extends GridException {
    public final String reason;
    public final String detail;

    /** Refuses by a code, and words. */
    public Refused(String reason, String detail) {
      super(reason + ": " + detail, null);
      this.reason = reason;
      this.detail = detail;
    }
  }

  /** A run ended without an answer. */
  public static final class RunFailed extends Refused {
    public RunFailed(String reason, String detail) {
      super(reason, detail);
    }
  }
}
