package grid.aether.client;

import aether.sessions.Citation;
import aether.sessions.InferenceRequested;
import java.util.List;

/** What answers requests: code of yours, behind a capability of the grid. */
@FunctionalInterface
public interface Node {
  /** Answers a request, or throws Refused; whatever else it throws is told to whoever asked, too. */
  Reply answer(Work work) throws Exception;

  /** A request; {@code value} is the whole of it, {@code session} its key. */
  record Work(
      String text, String runId, String session, String requestId, InferenceRequested value) {}

  /** An answer. */
  record Reply(
      String text, List<Citation> citations, String finishReason, long promptTokens,
      long completionTokens) {

    /** An answer that is nothing but its text. */
    public static Reply of(String text) {
      return new Reply(text, List.of(), "stop", 0, 0);
    }
  }
}
