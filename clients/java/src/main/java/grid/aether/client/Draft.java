package grid.aether.client;

import java.util.Map;
import org.apache.avro.generic.IndexedRecord;

/** An event to be produced; what is null follows from its value, or is absent. */
public record Draft(
    String key,
    IndexedRecord value,
    String topic,
    String eventId,
    String runId,
    String causeId,
    Map<String, String> trace) {

  /** An event of its own, on the topic where it belongs. */
  public static Draft of(String key, IndexedRecord value) {
    return new Draft(key, value, null, null, null, null, Map.of());
  }

  /** The same event on another topic. */
  public Draft on(String topic) {
    return new Draft(key, value, topic, eventId, runId, causeId, trace);
  }

  /** The same event under an id of its run. */
  public Draft as(String eventId, String runId) {
    return new Draft(key, value, topic, eventId, runId, causeId, trace);
  }
}
