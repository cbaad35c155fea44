package grid.aether.client;

import aether.sessions.Message;
import aether.sessions.Options;
import aether.sessions.RequestReceived;
import aether.sessions.ResponseCompleted;
import aether.sessions.RunFailed;
import grid.aether.client.GridException.BadEvent;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A question on its way through the grid. */
public final class Run {
  private static final String SESSIONS = "aether.sessions.events";

  private final Grid grid;
  private final String id;
  private final Map<Integer, Long> starts;

  private Run(Grid grid, String id, Map<Integer, Long> starts) {
    this.grid = grid;
    this.id = id;
    this.starts = starts;
  }

  static Run ask(Grid grid, String text, String session, String model) {
    String id = Ids.minted();
    String scope = session == null ? null : "session:" + session;
    var request =
        RequestReceived.newBuilder()
            .setRunId(id)
            .setModel(model)
            .setText(text)
            .setMessages(List.of(new Message("user", text)))
            .setOptions(Options.newBuilder().build())
            .setScopes(scope == null ? List.of("grid") : List.of("grid", scope))
            .setRememberIn(scope)
            .setStream(false)
            .build();
    String key = session == null ? id : session;
    Map<Integer, Long> ahead = grid.ahead(SESSIONS);
    Place at = grid.produce(Draft.of(key, request).as(id, id));
    return new Run(grid, id, ahead.isEmpty() ? Map.of(at.partition(), at.offset()) : ahead);
  }

  /** The run's id. */
  public String id() {
    return id;
  }

  /** Returns what happens in this run, in order, up to its end. */
  public Events events(Duration timeout) {
    return grid.follow(
        SESSIONS,
        starts,
        timeout,
        event -> event.runId().equals(id()),
        event -> isEnd(event.name()));
  }

  private static boolean isEnd(String name) {
    return name.equals(ResponseCompleted.getClassSchema().getFullName())
        || name.equals(RunFailed.getClassSchema().getFullName());
  }

  /** Waits for the answer. Throws RunFailed if there is none, TimedOut if it does not come. */
  public ResponseCompleted answer(Duration timeout) {
    Event last = null;
    try (Events events = events(timeout)) {
      for (Event event : events) {
        last = event;
      }
    }
    if (last.value() instanceof RunFailed failed) {
      throw new GridException.RunFailed(failed.getReason(), failed.getDetail());
    }
    if (last.value() instanceof ResponseCompleted completed) {
      return completed;
    }
    throw new BadEvent("the answer is large and lies in the object store at " + last.dataRef(), null);
  }
}
