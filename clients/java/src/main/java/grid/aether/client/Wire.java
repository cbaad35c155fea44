package grid.aether.client;

import grid.aether.client.GridException.BadEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/** The bytes and headers of a record: Confluent's wire format, CloudEvents in binary mode. */
final class Wire {
  private static final int PREFIX = 5;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  /** A schema as the registry has it. */
  record Named(int id, Schema schema) {}

  private Wire() {}

  static String topicOf(String name) {
    String area = name.split("\\.")[1];
    return area.equals("chunks") ? "aether.chunks" : "aether." + area + ".events";
  }

  static byte[] encode(Named named, IndexedRecord value) {
    try {
      var out = new ByteArrayOutputStream();
      out.writeBytes(ByteBuffer.allocate(PREFIX).put((byte) 0).putInt(named.id()).array());
      out.writeBytes(body(named.schema(), fitting(named.schema(), value)));
      return out.toByteArray();
    } catch (IOException | RuntimeException cause) {
      throw new BadEvent("this is no " + named.schema().getFullName() + ": " + cause, cause);
    }
  }

  /** Returns a value in the form of another version of its schema, by Avro's rules. */
  private static IndexedRecord fitting(Schema schema, IndexedRecord value) throws IOException {
    Schema own = value.getSchema();
    if (SchemaNormalization.parsingFingerprint64(own)
        == SchemaNormalization.parsingFingerprint64(schema)) {
      return value;
    }
    var reader = new SpecificDatumReader<IndexedRecord>(own, schema);
    return reader.read(null, DecoderFactory.get().binaryDecoder(body(own, value), null));
  }

  private static byte[] body(Schema schema, IndexedRecord value) throws IOException {
    var out = new ByteArrayOutputStream();
    var encoder = EncoderFactory.get().directBinaryEncoder(out, null);
    new SpecificDatumWriter<IndexedRecord>(schema).write(value, encoder);
    return out.toByteArray();
  }

  static int schemaIdOf(byte[] frame) {
    if (frame == null || frame.length < PREFIX || frame[0] != 0) {
      throw new BadEvent("not in Confluent's wire format", null);
    }
    return ByteBuffer.wrap(frame, 1, 4).getInt();
  }

  /** Reads an event as its generated class, if there is one; every byte must be used. */
  static IndexedRecord decode(Named named, byte[] frame) {
    Schema writer = named.schema();
    Class<?> known = SpecificData.get().getClass(writer);
    Schema reader = known == null ? writer : SpecificData.get().getSchema(known);
    try {
      BinaryDecoder body =
          DecoderFactory.get().binaryDecoder(frame, PREFIX, frame.length - PREFIX, null);
      IndexedRecord value = new SpecificDatumReader<IndexedRecord>(writer, reader).read(null, body);
      if (!body.isEnd()) {
        throw new IOException("bytes are left over");
      }
      return value;
    } catch (IOException | RuntimeException cause) {
      throw new BadEvent("these bytes are no " + writer.getFullName() + ": " + cause, cause);
    }
  }

  static Map<String, String> headers(
      String name, String eventId, String source, Instant at, Draft draft) {
    var head = new LinkedHashMap<String, String>();
    head.put("ce_id", eventId);
    head.put("ce_type", name + ".v1");
    head.put("ce_specversion", "1.0");
    head.put("ce_source", source);
    head.put("ce_time", TIME.format(at));
    head.putAll(draft.trace());
    if (draft.causeId() != null) {
      head.put("ce_causationid", draft.causeId());
    }
    if (draft.runId() != null) {
      head.put("ce_correlationid", draft.runId());
    }
    return head;
  }

  /** Puts a record into words; without headers its id follows from its place. */
  static Event opened(Schemas schemas, ConsumerRecord<byte[], byte[]> record) {
    Named named = schemas.of(schemaIdOf(record.value()));
    var head = new LinkedHashMap<String, String>();
    for (Header each : record.headers()) {
      head.put(each.key(), each.value() == null ? "" : text(each.value()));
    }
    String id = head.getOrDefault("ce_id", "");
    if (id.isEmpty()) {
      id = Ids.derived(record.topic(), record.partition(), record.offset());
    }
    String dataRef = head.get("ce_dataref");
    var event =
        new Event(
            named.schema().getFullName(),
            dataRef == null ? decode(named, record.value()) : null,
            new Place(record.topic(), record.partition(), record.offset(), id),
            record.key() == null ? "" : text(record.key()),
            Instant.ofEpochMilli(record.timestamp()),
            head.getOrDefault("ce_correlationid", ""),
            head.get("ce_causationid"),
            dataRef,
            head);
    if (!event.runId().isEmpty() || event.field("run_id") == null) {
      return event;
    }
    return new Event(
        event.name(), event.value(), event.place(), event.key(), event.at(),
        event.field("run_id").toString(), event.causeId(), dataRef, head);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
