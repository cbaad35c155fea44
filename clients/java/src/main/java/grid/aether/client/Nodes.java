package grid.aether.client;

import aether.registry.CapabilityOffered;
import aether.registry.CapabilityRefused;
import aether.registry.CapabilityRegistered;
import aether.registry.Card;
import aether.sessions.InferenceCompleted;
import aether.sessions.InferenceFailed;
import aether.sessions.InferenceRequested;
import grid.aether.client.GridException.BadEvent;
import grid.aether.client.GridException.Refused;
import grid.aether.client.GridException.TimedOut;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.apache.avro.generic.IndexedRecord;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;

/** Serving a capability: requests lie on a topic of its own, answers go to the session. */
final class Nodes {
  private static final String REGISTRY = "aether.registry.events";

  /** What went wrong is told in so many characters at most: it must fit, whatever was said. */
  private static final int DETAIL_MAX = 2_000;

  private Nodes() {}

  static long register(
      Grid grid, String name, String description, List<String> examples, Duration timeout) {
    Card card =
        Card.newBuilder()
            .setDescription(description)
            .setExamples(examples)
            .setPolicy("single")
            .setModel("work/" + name)
            .build();
    Place offer = grid.produce(Draft.of(name, new CapabilityOffered(card)));
    CapabilityRegistered known = null;
    long wanted = 0;
    var perceived = new HashSet<Long>();
    Map<Integer, Long> start = Map.of(0, grid.ends(REGISTRY).get(0).first());
    try (Events events = grid.follow(REGISTRY, start, timeout)) {
      for (Event event : events) {
        if (!event.key().equals(name)) {
          continue;
        }
        boolean ours = offer.eventId().equals(event.causeId());
        if (ours && event.value() instanceof CapabilityRefused refused) {
          throw new Refused(refused.getReason(), refused.getDetail());
        }
        if (event.value() instanceof CapabilityRegistered registered) {
          known = registered;
          wanted = ours ? registered.getVersion() : wanted;
        }
        if (event.name().equals("aether.registry.CapabilityPerceived")) {
          perceived.add((Long) event.field("version"));
        }
        boolean nothingNew = known != null && card.equals(known.getCard());
        if (event.id().equals(offer.eventId()) && nothingNew) {
          wanted = known.getVersion();
        }
        if (perceived.contains(wanted)) {
          return wanted;
        }
      }
    }
    throw new TimedOut(name + " is not in force yet");
  }

  static void serve(Grid grid, String name, Node handler, BooleanSupplier stop) {
    String topic = "aether.work." + name;
    Map<String, Object> member =
        Map.of("group.id", topic, "auto.offset.reset", "earliest", "max.poll.records", 1);
    Set<String> seen = Events.lately();
    try (var reader = grid.reader(member)) {
      reader.subscribe(List.of(topic));
      while (!stop.getAsBoolean()) {
        for (var record : reader.poll(Duration.ofMillis(100))) {
          work(grid, name, handler, record, seen);
          var at = new TopicPartition(record.topic(), record.partition());
          try {
            reader.commitSync(Map.of(at, new OffsetAndMetadata(record.offset() + 1)));
          } catch (CommitFailedException | RebalanceInProgressException | TimeoutException late) {
            // it comes again, here or at another node, and has the same id there
          }
        }
      }
    } catch (AuthenticationException | AuthorizationException no) {
      throw GridException.of("could not serve " + name, no);
    }
  }

  /**
   * Answers one request; a record that is none is passed over, and so is one that was seen: it took
   * longer than its group waits and comes again, and its answer is there.
   */
  static void work(
      Grid grid, String name, Node handler, ConsumerRecord<byte[], byte[]> record,
      Set<String> seen) {
    Event event;
    try {
      event = Wire.opened(grid.schemas, record);
    } catch (BadEvent none) {
      return; // whoever wrote it is no grid: nobody waits for an answer
    }
    if (!(event.value() instanceof InferenceRequested asked) || !seen.add(event.id())) {
      return;
    }
    String request = event.causeId() == null ? event.id() : event.causeId();
    var work = new Node.Work(asked.getText(), event.runId(), event.key(), request, asked);
    var trace = new LinkedHashMap<String, String>();
    for (String each : List.of("traceparent", "tracestate")) {
      if (event.headers().containsKey(each)) {
        trace.put(each, event.headers().get(each));
      }
    }
    String id = Ids.ofOutcome(request, name);
    Function<IndexedRecord, Draft> draft =
        outcome -> new Draft(event.key(), outcome, null, id, event.runId(), request, trace);
    try {
      grid.produce(draft.apply(outcome(handler, work)));
    } catch (BadEvent unfit) { // nothing was written yet
      grid.produce(draft.apply(failed(asked, unfit)));
    }
  }

  /** Returns what came of a request: whatever a handler throws is an outcome, too. */
  private static IndexedRecord outcome(Node handler, Node.Work work) {
    InferenceRequested asked = work.value();
    String run = asked.getRunId();
    try {
      Node.Reply reply = handler.answer(work);
      return InferenceCompleted.newBuilder()
          .setRunId(run)
          .setInferenceId(asked.getInferenceId())
          .setModel(asked.getModel())
          .setText(reply.text())
          .setCitations(reply.citations())
          .setFinishReason(reply.finishReason())
          .setPromptTokens(reply.promptTokens())
          .setCompletionTokens(reply.completionTokens())
          .build();
    } catch (Refused no) {
      return new InferenceFailed(run, asked.getInferenceId(), asked.getModel(), no.reason, no.detail);
    } catch (Exception | AssertionError | LinkageError | StackOverflowError error) {
      return failed(asked, error);
    }
  }

  /** Returns an outcome that can be written whatever was thrown. */
  private static IndexedRecord failed(InferenceRequested asked, Throwable thrown) {
    String detail = thrown.toString();
    return new InferenceFailed(
        asked.getRunId(), asked.getInferenceId(), asked.getModel(), "node_failed",
        detail.substring(0, Math.min(detail.length(), DETAIL_MAX)));
  }
}
