package grid.aether.client;

import aether.memory.RecallJudged;
import aether.sessions.Citation;
import aether.sessions.ResponseCompleted;
import com.fasterxml.jackson.databind.ObjectMapper;
import grid.aether.client.GridException.Denied;
import grid.aether.client.GridException.Refused;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.security.oauthbearer.ClientJwtValidator;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler;

/**
 * A node at work, and what the conformance suite asks of every client: see docs/clients.md.
 *
 * <pre>
 * Agent KAFKA REGISTRY ask MODEL SESSION TEXT
 * Agent KAFKA REGISTRY serve NAME
 * Agent KAFKA REGISTRY flood COUNT KEYS AUTHOR
 * Agent KAFKA REGISTRY drain
 * Agent KAFKA REGISTRY echo KEY
 * Agent KAFKA REGISTRY hear PARTITION
 * Agent KAFKA REGISTRY show
 * </pre>
 *
 * <p>Who it is stands in variables: AETHER_SASL is SCRAM-SHA-512 or OAUTHBEARER, AETHER_USER and
 * AETHER_PASSWORD are a user or a client, AETHER_TOKEN_URL gives the latter tokens. AETHER_CA is a
 * file with who vouches for brokers over TLS.
 */
public final class Agent {
  private static final String TOPIC = "aether.memory.events";
  private static final Duration LATE = Duration.ofMinutes(2);
  private static final int TOO_LARGE = 3_000_000;

  private Agent() {}

  public static void main(String[] args) throws Exception {
    var given = Arrays.copyOfRange(args, 3, args.length);
    String node = System.getenv("AETHER_INBOX");
    try (var grid = node == null
        ? new Grid(args[0], args[1], "local", credentials())
        : Grid.withInbox(args[0], args[1], node, credentials())) {
      switch (args[2]) {
        case "ask" -> ask(grid, given[0], given[1], given[2]);
        case "serve" -> serve(grid, given[0]);
        case "flood" -> flood(
            grid, Integer.parseInt(given[0]), Integer.parseInt(given[1]), given[2]);
        case "drain" -> drain(grid);
        case "echo" -> echo(grid, given[0]);
        case "show" -> say(Map.of("shown", String.valueOf(grid) + grid.schemas));
        case "hear" -> hear(grid, Integer.parseInt(given[0]));
        default -> throw new IllegalArgumentException(args[2]);
      }
    } catch (Denied denied) {
      say(Map.of("denied", denied.getMessage()));
    }
  }

  /** Returns the settings of Kafka's client for who this is. */
  private static Map<String, Object> credentials() {
    String kind = System.getenv("AETHER_SASL");
    if (kind == null) {
      return Map.of();
    }
    boolean oauth = kind.equals("OAUTHBEARER");
    String login = oauth
        ? "oauthbearer.OAuthBearerLoginModule required clientId=\"%s\" clientSecret=\"%s\";"
        : "scram.ScramLoginModule required username=\"%s\" password=\"%s\";";
    var settings = new HashMap<String, Object>(Map.of(
        "security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", kind,
        "sasl.jaas.config", ("org.apache.kafka.common.security." + login).formatted(
            System.getenv("AETHER_USER"), System.getenv("AETHER_PASSWORD"))));
    if (System.getenv("AETHER_CA") != null) {
      settings.putAll(Map.of(
          "security.protocol", "SASL_SSL", "ssl.truststore.type", "PEM",
          "ssl.truststore.location", System.getenv("AETHER_CA")));
    }
    if (oauth) {
      String url = System.getenv("AETHER_TOKEN_URL");
      System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", url);
      settings.put("sasl.oauthbearer.token.endpoint.url", url);
      settings.put("sasl.login.callback.handler.class", OAuthBearerLoginCallbackHandler.class);
      settings.put("sasl.oauthbearer.jwt.validator.class", ClientJwtValidator.class);
    }
    return settings;
  }

  /** Produces an event, and follows it. */
  private static void echo(Grid grid, String key) throws IOException {
    Place place = grid.produce(Draft.of(key, new RecallJudged(key, List.of(), List.of())));
    var start = Map.of(place.partition(), place.offset());
    try (Events events = grid.follow(TOPIC, start, LATE)) {
      Event event = events.next();
      boolean same = event.id().equals(place.eventId());
      say(Map.of("key", event.key(), "same", same, "partition", place.partition()));
    }
  }

  /** Follows what is there, without a word. */
  private static void hear(Grid grid, int partition) throws IOException {
    try (Events events = grid.follow(TOPIC, Map.of(partition, 0L), LATE)) {
      say(Map.of("key", events.next().key()));
    }
  }

  private static void say(Map<String, Object> told) throws IOException {
    System.out.println(new ObjectMapper().writeValueAsString(told));
  }

  /** Asks, watches, and shows the answer. */
  private static void ask(Grid grid, String model, String session, String text) throws IOException {
    Run run = grid.ask(text, session, model);
    List<String> names = new ArrayList<>();
    try (Events events = run.events(LATE)) {
      events.forEach(event -> names.add(event.name()));
    }
    try {
      ResponseCompleted answer = run.answer(LATE);
      say(Map.of("run", run.id(), "text", answer.getText(),
          "capability", answer.getCapability(), "events", names));
    } catch (GridException.RunFailed failed) {
      say(Map.of("failed", failed.reason, "detail", failed.detail));
    }
  }

  /** Answers in this language until standard input is closed. */
  private static void serve(Grid grid, String name) throws IOException {
    String description = "Repeats in java what it is told, as " + name + ".";
    long version = grid.register(name, description, List.of(name), LATE);
    say(Map.of("serving", name, "version", version));
    var stop = new AtomicBoolean();
    var waiting = new Thread(() -> {
      try {
        System.in.readAllBytes();
      } catch (IOException closed) {
        throw new UncheckedIOException(closed);
      } finally {
        stop.set(true);
      }
    });
    waiting.setDaemon(true);
    waiting.start();
    grid.serve(name, work -> {
      if (work.text().contains("refuse")) {
        throw new Refused("not_today", "java will not");
      }
      if (work.text().contains("overflow")) {
        return Node.Reply.of("x".repeat(TOO_LARGE));
      }
      if (work.text().contains("nonsense")) {
        return new Node.Reply("", List.of(new Citation()), "stop", 0, 0);
      }
      return Node.Reply.of("java heard: " + work.text());
    }, stop::get);
  }

  /** Produces many events, in order within each key. */
  private static void flood(Grid grid, int count, int keys, String author) throws IOException {
    long began = System.nanoTime();
    var lost = new AtomicInteger();
    for (int number = 0; number < count; number++) {
      var event = new RecallJudged(author, List.of(), List.of(Integer.toString(number)));
      grid.send(Draft.of("ключ-" + number % keys, event)).exceptionally(error -> {
        lost.incrementAndGet();
        return null;
      });
    }
    grid.close();
    say(Map.of("sent", count, "lost", lost.get(), "seconds", (System.nanoTime() - began) / 1e9));
  }

  /** Reads everything that was flooded, and says what it comes to. */
  private static void drain(Grid grid) throws Exception {
    var digest = MessageDigest.getInstance("SHA-256");
    int count = 0;
    for (var each : grid.ends(TOPIC).entrySet()) {
      Grid.Span span = each.getValue();
      if (span.first() == span.end()) {
        continue;
      }
      try (Events events = grid.follow(TOPIC, Map.of(each.getKey(), span.first()), LATE)) {
        for (Event event : events) {
          long offset = event.place().offset();
          if (event.value() instanceof RecallJudged judged) {
            String line = String.join("\t", each.getKey().toString(), Long.toString(offset),
                event.key(), event.id(), judged.getQuestion(), judged.getUseful().get(0));
            digest.update((line + "\n").getBytes(StandardCharsets.UTF_8));
            count++;
          }
          if (offset == span.end() - 1) {
            break;
          }
        }
      }
    }
    say(Map.of("count", count, "digest", HexFormat.of().formatHex(digest.digest())));
  }
}
