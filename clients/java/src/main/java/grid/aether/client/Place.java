package grid.aether.client;

/** Where a record stands, and the id of its event. */
public record Place(String topic, int partition, long offset, String eventId) {}
