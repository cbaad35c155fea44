package grid.aether.client;

import grid.aether.client.GridException.BadEvent;
import grid.aether.client.GridException.Unknown;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A connection to the grid, safe to use from any thread; closing it waits for what is on its way. */
public final class Grid implements AutoCloseable {
  private static final Map<String, Object> PRODUCER = Map.of(
      "acks", "all", "enable.idempotence", true, "linger.ms", 1, "max.block.ms", 15_000,
      "request.timeout.ms", 10_000, "delivery.timeout.ms", 15_000, "max.request.size", 2_097_152);
  private static final Map<String, Object> READER = Map.of(
      "enable.auto.commit", false, "auto.offset.reset", "none", "allow.auto.create.topics", false,
      "isolation.level", "read_committed", "fetch.max.wait.ms", 200);

  final Schemas schemas;
  private final Map<String, Object> connect;
  private final String inbox;
  private final String source;
  private final Producer<byte[], byte[]> producer;

  /**
   * Connects to brokers and a registry.
   *
   * @param registry a Confluent API, which may hold a user and password
   * @param node who you are in {@code ce_source}
   * @param kafka settings of Kafka's own clients, such as {@code sasl.mechanism}
   */
  public Grid(String bootstrap, String registry, String node, Map<String, Object> kafka) {
    this(bootstrap, registry, node, kafka, false);
  }

  /** Connects as a node outside of the grid, which may write to its inbox alone. */
  public static Grid withInbox(
      String bootstrap, String registry, String node, Map<String, Object> kafka) {
    return new Grid(bootstrap, registry, node, kafka, true);
  }

  private Grid(
      String bootstrap, String registry, String node, Map<String, Object> kafka, boolean inbox) {
    this.inbox = inbox ? node : null;
    connect = new HashMap<>(kafka);
    connect.put("bootstrap.servers", bootstrap);
    source = "/aether/" + node + "/client";
    schemas = new Schemas.Registry(registry);
    var bytes = new ByteArraySerializer();
    try {
      producer = new KafkaProducer<>(settings(PRODUCER, Map.of()), bytes, bytes);
    } catch (KafkaException error) { // OAuth asks for its first token here
      throw GridException.of("could not connect", error);
    }
  }

  /** Stands on what a test has: nothing can be read. */
  Grid(Schemas schemas, Producer<byte[], byte[]> producer) {
    this.schemas = schemas;
    this.producer = producer;
    connect = Map.of();
    inbox = null;
    source = "/aether/test/client";
  }

  /** Connects without further settings. */
  public static Grid connect(String bootstrap, String registry) {
    return new Grid(bootstrap, registry, "local", Map.of());
  }

  @Override
  public void close() {
    producer.close();
  }

  // -- producing

  /**
   * Sends an event off; the future fails with Unknown if it may be in the log, and with Unreachable
   * if it is not. Waits while too many are on their way. Throws BadEvent.
   */
  public CompletableFuture<Place> send(Draft draft) {
    String name = draft.value().getSchema().getFullName();
    String home = Optional.ofNullable(draft.topic()).orElseGet(() -> Wire.topicOf(name));
    String made = Optional.ofNullable(draft.eventId()).orElseGet(Ids::minted);
    byte[] frame = Wire.encode(schemas.latest(home, name), draft.value());
    String topic = inbox == null ? home : "aether.inbox." + inbox;
    String id = inbox == null ? made : Ids.ofInbox(made, inbox);
    var record = new ProducerRecord<>(topic, bytes(draft.key()), frame);
    Wire.headers(name, made, source, Instant.now(), draft)
        .forEach((each, said) -> record.headers().add(each, bytes(said)));
    var landed = new CompletableFuture<Place>();
    try {
      producer.send(record, (at, error) -> {
        if (error == null) {
          landed.complete(new Place(topic, at.partition(), at.offset(), id));
        } else {
          landed.completeExceptionally(lost(name, error));
        }
      });
    } catch (KafkaException error) {
      landed.completeExceptionally(GridException.of(name + " was not written", error));
    }
    return landed;
  }

  /** Appends an event and returns where it stands once it is durable. */
  public Place produce(Draft draft) {
    try {
      return send(draft).join();
    } catch (CompletionException failed) {
      throw failed.getCause() instanceof GridException error ? error : failed;
    }
  }

  private static GridException lost(String name, Exception error) {
    if (error instanceof RecordTooLargeException) {
      return new BadEvent(name + " is too large: " + error.getMessage(), error);
    }
    return error instanceof TimeoutException
        ? new Unknown(name + " was not acknowledged in time", error)
        : GridException.of(name + " was not written", error);
  }

  /** Where the sessions end now, if what is produced comes somewhere behind; else empty. */
  Map<Integer, Long> ahead(String topic) {
    return inbox == null ? Map.of() : ends(topic).entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, each -> each.getValue().end()));
  }

  // -- reading

  /** What a partition holds: offsets from {@code first} up to, not including, {@code end}. */
  public record Span(long first, long end) {}

  /** Returns what each partition of a topic holds. */
  public Map<Integer, Span> ends(String topic) {
    try (var asking = reader(Map.of())) {
      List<TopicPartition> all = asking.partitionsFor(topic).stream()
          .map(each -> new TopicPartition(topic, each.partition())).toList();
      var firsts = asking.beginningOffsets(all);
      var ends = asking.endOffsets(all);
      return all.stream().collect(Collectors.toMap(
          TopicPartition::partition, each -> new Span(firsts.get(each), ends.get(each)),
          (one, other) -> one, TreeMap::new));
    } catch (KafkaException cause) {
      throw GridException.of("could not look at " + topic, cause);
    }
  }

  /** Returns what stands in some partitions from their offsets on, as it comes. */
  public Events follow(String topic, Map<Integer, Long> starts, Duration timeout) {
    return follow(topic, starts, timeout, event -> true, event -> false);
  }

  Events follow(
      String topic, Map<Integer, Long> starts, Duration timeout,
      Predicate<Event> wanted, Predicate<Event> last) {
    return new Events(reader(Map.of()), schemas, topic, starts, timeout, wanted, last);
  }

  Consumer<byte[], byte[]> reader(Map<String, Object> more) {
    var bytes = new ByteArrayDeserializer();
    try {
      return new KafkaConsumer<>(settings(READER, more), bytes, bytes);
    } catch (KafkaException error) {
      throw GridException.of("could not connect", error);
    }
  }

  private Map<String, Object> settings(Map<String, Object> ours, Map<String, Object> more) {
    var all = new HashMap<>(ours);
    all.putAll(connect);
    all.putAll(more);
    return all;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  // -- what the grid is for

  /** Asks a question in a session of its own; the grid chooses who answers. */
  public Run ask(String text) {
    return Run.ask(this, text, null, "aether");
  }

  /** Asks a question in a session; {@code model} is a capability by name, or "aether". */
  public Run ask(String text, String session, String model) {
    return Run.ask(this, text, session, model);
  }

  /** Offers a capability; returns its version once nodes can be asked for it. Throws Refused. */
  public long register(String name, String description, List<String> examples, Duration timeout) {
    return Nodes.register(this, name, description, examples, timeout);
  }

  /**
   * Answers what a capability is asked, one request after the other, until {@code stop}.
   *
   * <p>More nodes of one name share the requests by session. A request is acknowledged once its
   * answer is durable; after a crash it comes again, and its answer has the same id.
   */
  public void serve(String name, Node handler, BooleanSupplier stop) {
    Nodes.serve(this, name, handler, stop);
  }
}
