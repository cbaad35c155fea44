package grid.aether.client;

import java.time.Instant;
import java.util.Map;
import org.apache.avro.generic.IndexedRecord;

/**
 * An event as read from the log; {@code name} is its Avro name, {@code runId} empty outside of a run.
 *
 * <p>{@code value} is of the class generated from its schema, or a generic record if this client has
 * none; it is null if the payload is so large that it lies in the object store, at {@code dataRef}.
 */
public record Event(
    String name,
    IndexedRecord value,
    Place place,
    String key,
    Instant at,
    String runId,
    String causeId,
    String dataRef,
    Map<String, String> headers) {

  /** The id: the first event of an id counts. */
  public String id() {
    return place.eventId();
  }

  Object field(String name) {
    var field = value == null ? null : value.getSchema().getField(name);
    return field == null ? null : value.get(field.pos());
  }
}
