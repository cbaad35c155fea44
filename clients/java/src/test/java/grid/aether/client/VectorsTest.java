package grid.aether.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import grid.aether.client.GridException.BadEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.specific.SpecificData;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.junit.jupiter.api.Test;

/** The vectors of the conformance suite: this client must write and read what every other does. */
class VectorsTest {
  private static final Path HOME = Path.of("..", "..");

  private final JsonNode told = vectors("events");
  private final Map<String, Wire.Named> byName = new HashMap<>();
  private final Map<Integer, Wire.Named> byId = new HashMap<>();

  VectorsTest() throws IOException {
    for (var kind : told.get("kinds").properties()) {
      Path file = HOME.resolve("schemas/avro").resolve(kind.getValue().get("schema").textValue());
      var schema = new Schema.Parser().parse(Files.readString(file));
      var named = new Wire.Named(kind.getValue().get("id").intValue(), schema);
      byName.put(kind.getKey(), named);
      byId.put(named.id(), named);
    }
  }

  private static JsonNode vectors(String name) {
    try {
      return new ObjectMapper()
          .readTree(HOME.resolve("tests/conformance/vectors/" + name + ".json").toFile());
    } catch (IOException missing) {
      throw new AssertionError(missing);
    }
  }

  private static byte[] unpacked(JsonNode text) {
    return Base64.getDecoder().decode(text.textValue());
  }

  /** Makes of JSON what this client reads and writes, as a schema has it. */
  private static Object made(Schema schema, JsonNode value) {
    switch (schema.getType()) {
      case RECORD:
        Class<?> known = SpecificData.get().getClass(schema);
        Schema own = known == null ? schema : SpecificData.get().getSchema(known);
        var record = (IndexedRecord) SpecificData.get().newRecord(null, own);
        for (Schema.Field field : own.getFields()) {
          record.put(field.pos(), made(field.schema(), value.get(field.name())));
        }
        return record;
      case ARRAY:
        List<Object> items = new ArrayList<>();
        value.forEach(item -> items.add(made(schema.getElementType(), item)));
        return items;
      case UNION:
        return value.isNull() ? null : made(schema.getTypes().get(1), value);
      case BYTES:
        return ByteBuffer.wrap(unpacked(value.get("$bytes")));
      case ENUM:
        return SpecificData.get().createEnum(value.textValue(), schema);
      case LONG:
        return value.isObject() ? Long.parseLong(value.get("$long").textValue()) : value.longValue();
      case INT:
        return value.intValue();
      case DOUBLE:
        return value.doubleValue();
      case BOOLEAN:
        return value.booleanValue();
      default:
        return value.textValue();
    }
  }

  @Test
  void everyEventHasTheBytesThatTheGridGivesIt() {
    for (JsonNode one : told.get("events")) {
      String name = one.get("event").textValue();
      byte[] frame = unpacked(one.get("frame"));
      var says = (IndexedRecord) made(byName.get(name).schema(), one.get("says"));
      assertArrayEquals(frame, Wire.encode(byName.get(name), says), name);
      IndexedRecord read = Wire.decode(byId.get(Wire.schemaIdOf(frame)), frame);
      assertEquals(0, GenericData.get().compare(says, read, read.getSchema()), name);
      assertEquals(told.get("kinds").get(name).get("topic").textValue(), Wire.topicOf(name));
    }
  }

  @Test
  void bytesThatAreNoEventAreRefused() {
    for (var one : told.get("refused").properties()) {
      byte[] frame = unpacked(one.getValue());
      assertThrows(
          BadEvent.class, () -> Wire.decode(byId.get(Wire.schemaIdOf(frame)), frame), one.getKey());
    }
  }

  @Test
  void aValueThatDoesNotFitIsRefused() {
    Wire.Named named = byName.get("aether.sessions.RunFailed");
    var empty = new GenericData.Record(named.schema());
    assertThrows(BadEvent.class, () -> Wire.encode(named, empty));
    var wrong = new GenericData.Record(named.schema());
    List.of(1, "", "").forEach(value -> wrong.put(wrong.get(0) == null ? 0 : 1, value));
    assertThrows(BadEvent.class, () -> Wire.encode(named, wrong));
  }

  @Test
  void everyIdIsTheGrids() {
    JsonNode ids = vectors("ids");
    for (JsonNode one : ids.get("derived")) {
      List<Object> parts = new ArrayList<>();
      one.get("parts").forEach(part -> parts.add(part.asText()));
      assertEquals(one.get("id").textValue(), Ids.derived(parts.toArray()));
    }
    for (JsonNode one : ids.get("minted")) {
      byte[] chance = HexFormat.of().parseHex(one.get("chance").textValue());
      assertEquals(one.get("id").textValue(), Ids.minted(one.get("at_ms").longValue(), chance));
    }
    for (JsonNode one : ids.get("outcomes")) {
      String made = Ids.ofOutcome(one.get("request").textValue(), one.get("name").textValue());
      assertEquals(one.get("id").textValue(), made);
    }
    byte[] frame = unpacked(told.get("events").get(0).get("frame"));
    for (JsonNode one : ids.get("positions")) {
      var record = new ConsumerRecord<byte[], byte[]>(
          one.get("topic").textValue(), one.get("partition").intValue(),
          one.get("offset").longValue(), null, frame);
      assertEquals(one.get("id").textValue(), Wire.opened(schemas(), record).id());
    }
  }

  private Schemas schemas() {
    return new Schemas() {
      @Override
      public Wire.Named latest(String topic, String name) {
        return byName.get(name);
      }

      @Override
      public Wire.Named of(int id) {
        return byId.get(id);
      }
    };
  }

  @Test
  void everyEventHasTheHeadersThatTheGridGivesIt() {
    for (JsonNode one : vectors("headers")) {
      var expected = new LinkedHashMap<String, String>();
      one.get("headers").properties().forEach(e -> expected.put(e.getKey(), e.getValue().textValue()));
      var trace = new LinkedHashMap<String, String>();
      one.get("trace").properties().forEach(e -> trace.put(e.getKey(), e.getValue().textValue()));
      var draft = new Draft(
          "k", null, null, null, one.get("run").textValue(), one.get("cause").textValue(), trace);
      assertEquals(expected, Wire.headers(
          one.get("event").textValue(), one.get("id").textValue(), one.get("source").textValue(),
          Instant.ofEpochMilli(one.get("at_ms").longValue()), draft));
    }
  }

  @Test
  void tenThousandKeysLieWhereTheGridLooksForThem() {
    JsonNode all = vectors("partitions");
    JsonNode words = all.get("words");
    for (var one : all.get("partitions").properties()) {
      var found = new StringBuilder();
      for (int n = 0; n < one.getValue().textValue().length(); n++) {
        byte[] key = (words.get(n % words.size()).textValue() + "-" + n)
            .getBytes(StandardCharsets.UTF_8);
        int partition = BuiltInPartitioner.partitionForKey(key, Integer.parseInt(one.getKey()));
        found.append(Integer.toString(partition, 36));
      }
      assertEquals(one.getValue().textValue(), found.toString());
    }
  }
}
