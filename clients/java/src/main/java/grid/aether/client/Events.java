package grid.aether.client;

import grid.aether.client.GridException.BadEvent;
import grid.aether.client.GridException.TimedOut;
import java.time.Duration;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Events as they come, until the last or until time is over; close it when you are done.
 *
 * <p>Records that are no events are passed over, and so is an event that is there again.
 */
public final class Events implements Iterable<Event>, Iterator<Event>, AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(100);

  /** A repeat follows its first soon: another worker took over and did the same again. */
  private static final int REMEMBERED = 10_000;

  private final Set<String> seen = lately();
  private final Consumer<byte[], byte[]> reader;
  private final Schemas schemas;
  private final Predicate<Event> wanted;
  private final Predicate<Event> last;
  private final long deadline;
  private Iterator<ConsumerRecord<byte[], byte[]>> batch = Collections.emptyIterator();
  private Event next;
  private boolean over;

  Events(
      Consumer<byte[], byte[]> reader,
      Schemas schemas,
      String topic,
      Map<Integer, Long> starts,
      Duration timeout,
      Predicate<Event> wanted,
      Predicate<Event> last) {
    this.reader = reader;
    this.schemas = schemas;
    this.wanted = wanted;
    this.last = last;
    this.deadline = System.nanoTime() + timeout.toNanos();
    reader.assign(
        starts.keySet().stream().map(p -> new TopicPartition(topic, p)).collect(Collectors.toSet()));
    starts.forEach((partition, at) -> reader.seek(new TopicPartition(topic, partition), at));
  }

  /** Returns a set of ids that forgets the oldest. */
  static Set<String> lately() {
    return Collections.newSetFromMap(new LinkedHashMap<>() {
      @Override
      protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
        return size() > REMEMBERED;
      }
    });
  }

  @Override
  public Iterator<Event> iterator() {
    return this;
  }

  /** Waits for the next event. Throws TimedOut, Denied and Unreachable. */
  @Override
  public boolean hasNext() {
    while (next == null && !over) {
      if (batch.hasNext()) {
        Event event = read(batch.next());
        next = event != null && seen.add(event.id()) && wanted.test(event) ? event : null;
      } else if (System.nanoTime() > deadline) {
        throw new TimedOut("nothing more came in time");
      } else {
        poll();
      }
    }
    return next != null;
  }

  @Override
  public Event next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    Event event = next;
    over = last.test(event);
    next = null;
    return event;
  }

  @Override
  public void close() {
    reader.close();
  }

  private void poll() {
    try {
      batch = reader.poll(POLL).iterator();
    } catch (KafkaException cause) {
      throw GridException.of("could not read", cause);
    }
  }

  private Event read(ConsumerRecord<byte[], byte[]> record) {
    try {
      return Wire.opened(schemas, record);
    } catch (BadEvent none) {
      return null;
    }
  }
}
