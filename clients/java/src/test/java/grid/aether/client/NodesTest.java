package grid.aether.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import aether.sessions.Citation;
import com.fasterxml.jackson.databind.JsonNode;
import grid.aether.client.GridException.Refused;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.junit.jupiter.api.Test;

/** A node outlives its handler: whatever comes of a request is told, and the next one is answered. */
class NodesTest {
  private static final String LONG = "x".repeat(3_000_000);

  private final Vectors all = new Vectors();
  private final List<Event> came = new ArrayList<>();
  private final Grid grid = new Grid(all.schemas(), new Log());
  private final Set<String> seen = new HashSet<>();

  NodesTest() throws IOException {}

  /** A log that takes what the grid's topics take, as Kafka's own producer says so. */
  private final class Log extends MockProducer<byte[], byte[]> {
    @Override
    public synchronized Future<RecordMetadata> send(
        ProducerRecord<byte[], byte[]> record, Callback done) {
      if (record.value().length > 2_097_152) {
        var error = new RecordTooLargeException("it is larger than 2097152 bytes");
        done.onCompletion(null, error);
        return CompletableFuture.failedFuture(error);
      }
      var at = new ConsumerRecord<>(
          record.topic(), 0, came.size(), record.key(), record.value());
      record.headers().forEach(at.headers()::add);
      came.add(Wire.opened(all.schemas(), at));
      done.onCompletion(new RecordMetadata(new TopicPartition("t", 0), 0, 0, 0, 0, 0), null);
      return CompletableFuture.completedFuture(null);
    }
  }

  /** Has a request answered, and returns what came of it. */
  private Event outcome(Node handler) {
    seen.clear();
    work("aether.sessions.InferenceRequested", handler);
    return came.get(came.size() - 1);
  }

  private void work(String name, Node handler) {
    for (JsonNode one : all.told.get("events")) {
      if (one.get("event").textValue().equals(name)) {
        byte[] frame = Vectors.unpacked(one.get("frame"));
        var record = new ConsumerRecord<>("t", 0, 0, new byte[0], frame);
        Nodes.work(grid, "poet", handler, record, seen);
        return;
      }
    }
  }

  @Test
  void whatCannotBeWrittenIsTold() {
    Map<String, Node> unfit = Map.of(
        "NullPointerException", work -> null,
        "does not accept null", work -> Node.Reply.of(null),
        "this is no aether.sessions.InferenceCompleted",
        work -> new Node.Reply("", List.of(new Citation()), "stop", 0, 0),
        "InferenceCompleted is too large", work -> Node.Reply.of(LONG),
        "no disk", work -> {
          throw new IOException("no disk");
        },
        "IOException: xxx", work -> {
          throw new IOException(LONG);
        },
        "AssertionError", work -> {
          throw new AssertionError();
        },
        "this is no aether.sessions.InferenceFailed", work -> {
          throw new Refused(null, null);
        },
        "InferenceFailed is too large", work -> {
          throw new Refused("no", LONG);
        });
    unfit.forEach((why, handler) -> {
      Event event = outcome(handler);
      assertEquals("aether.sessions.InferenceFailed", event.name(), why);
      assertEquals("node_failed", event.field("reason"), why);
      assertTrue(event.field("detail").toString().contains(why), () -> why + ": " + event);
    });
    assertEquals("yes", outcome(work -> Node.Reply.of("yes")).field("text"));
    String request = Ids.derived("t", 0, 0);
    came.forEach(event -> assertEquals(Ids.ofOutcome(request, "poet"), event.id()));
  }

  @Test
  void whatComesAgainIsAnsweredOnce() {
    outcome(work -> Node.Reply.of("yes"));
    work("aether.sessions.InferenceRequested", work -> Node.Reply.of("again"));
    assertEquals(1, came.size());
  }

  @Test
  void aRecordThatIsNoRequestIsPassedOver() {
    work("aether.sessions.RunFailed", work -> Node.Reply.of("yes"));
    assertEquals(List.of(), came);
  }
}
