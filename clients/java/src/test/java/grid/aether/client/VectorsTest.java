package grid.aether.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import grid.aether.client.GridException.BadEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.IndexedRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.junit.jupiter.api.Test;

/** The vectors of the conformance suite: this client must write and read what every other does. */
class VectorsTest {
  private final Vectors all = new Vectors();

  VectorsTest() throws IOException {}

  @Test
  void everyEventHasTheBytesThatTheGridGivesIt() {
    for (JsonNode one : all.told.get("events")) {
      String name = one.get("event").textValue();
      byte[] frame = Vectors.unpacked(one.get("frame"));
      var says = (IndexedRecord) Vectors.made(all.byName.get(name).schema(), one.get("says"));
      assertArrayEquals(frame, Wire.encode(all.byName.get(name), says), name);
      IndexedRecord read = Wire.decode(all.byId.get(Wire.schemaIdOf(frame)), frame);
      assertEquals(0, GenericData.get().compare(says, read, read.getSchema()), name);
      assertEquals(all.told.get("kinds").get(name).get("topic").textValue(), Wire.topicOf(name));
    }
  }

  @Test
  void bytesThatAreNoEventAreRefused() {
    for (var one : all.told.get("refused").properties()) {
      byte[] frame = Vectors.unpacked(one.getValue());
      assertThrows(
          BadEvent.class, () -> Wire.decode(all.byId.get(Wire.schemaIdOf(frame)), frame), one.getKey());
    }
  }

  @Test
  void aValueThatDoesNotFitIsRefused() {
    Wire.Named named = all.byName.get("aether.sessions.RunFailed");
    var empty = new GenericData.Record(named.schema());
    assertThrows(BadEvent.class, () -> Wire.encode(named, empty));
    var wrong = new GenericData.Record(named.schema());
    List.of(1, "", "").forEach(value -> wrong.put(wrong.get(0) == null ? 0 : 1, value));
    assertThrows(BadEvent.class, () -> Wire.encode(named, wrong));
  }

  @Test
  void everyIdIsTheGrids() {
    JsonNode ids = Vectors.named("ids");
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
    byte[] frame = Vectors.unpacked(all.told.get("events").get(0).get("frame"));
    for (JsonNode one : ids.get("positions")) {
      var record = new ConsumerRecord<byte[], byte[]>(
          one.get("topic").textValue(), one.get("partition").intValue(),
          one.get("offset").longValue(), null, frame);
      assertEquals(one.get("id").textValue(), Wire.opened(all.schemas(), record).id());
    }
  }

  @Test
  void everyEventHasTheHeadersThatTheGridGivesIt() {
    for (JsonNode one : Vectors.named("headers")) {
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
    JsonNode all = Vectors.named("partitions");
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
