package grid.aether.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import grid.aether.client.GridException.BadEvent;
import grid.aether.client.GridException.Unreachable;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;

/** Where schemas come from. */
interface Schemas {
  /** The newest schema of an event on a topic. */
  Wire.Named latest(String topic, String name);

  /** The schema of an id. */
  Wire.Named of(int id);

  /** A registry that speaks Confluent's API; what it said once holds for ever. */
  final class Registry implements Schemas {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final HttpClient client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
    private final Map<String, Wire.Named> known = new ConcurrentHashMap<>();
    private final String url;
    private final String authorization;

    /** Takes an address, which may hold a user and password. */
    Registry(String address) {
      URI at = URI.create(address);
      String user = at.getUserInfo();
      url = address.replace(user == null ? "" : at.getRawUserInfo() + "@", "").replaceAll("/$", "");
      authorization = user == null ? null : "Basic " + Base64.getEncoder()
          .encodeToString(user.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public Wire.Named latest(String topic, String name) {
      String subject = URLEncoder.encode(topic + "-" + name, StandardCharsets.UTF_8);
      return known.computeIfAbsent("/subjects/" + subject + "/versions/latest", path -> {
        JsonNode told = ask(path, "no event " + name + " on " + topic);
        return new Wire.Named(told.get("id").intValue(), parsed(told));
      });
    }

    @Override
    public Wire.Named of(int id) {
      return known.computeIfAbsent("/schemas/ids/" + id, path ->
          new Wire.Named(id, parsed(ask(path, "no schema " + id))));
    }

    private static Schema parsed(JsonNode told) {
      return new Schema.Parser().parse(told.get("schema").textValue());
    }

    private JsonNode ask(String path, String missing) {
      var asked = HttpRequest.newBuilder(URI.create(url + path)).timeout(TIMEOUT)
          .header("accept", "application/json");
      if (authorization != null) {
        asked.header("authorization", authorization);
      }
      try {
        var answer = client.send(asked.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() == 404) {
          throw new BadEvent("the registry at " + url + " knows " + missing, null);
        }
        if (answer.statusCode() != 200) {
          throw new Unreachable("the registry at " + url + " says " + answer.statusCode(), null);
        }
        return new ObjectMapper().readTree(answer.body());
      } catch (IOException cause) {
        throw new Unreachable("no answer from the registry at " + url, cause);
      } catch (InterruptedException cause) {
        Thread.currentThread().interrupt();
        throw new Unreachable("interrupted while asking the registry", cause);
      }
    }
  }
}
