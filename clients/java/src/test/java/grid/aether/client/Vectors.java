package grid.aether.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.specific.SpecificData;

/** The vectors, and the schemas of this repository under the ids that those have. */
final class Vectors {
  private static final Path HOME = Path.of("..", "..");

  final JsonNode told = named("events");
  final Map<String, Wire.Named> byName = new HashMap<>();
  final Map<Integer, Wire.Named> byId = new HashMap<>();

  Vectors() throws IOException {
    for (var kind : told.get("kinds").properties()) {
      Path file = HOME.resolve("schemas/avro").resolve(kind.getValue().get("schema").textValue());
      var schema = new Schema.Parser().parse(Files.readString(file));
      var named = new Wire.Named(kind.getValue().get("id").intValue(), schema);
      byName.put(kind.getKey(), named);
      byId.put(named.id(), named);
    }
  }

  static JsonNode named(String name) {
    try {
      return new ObjectMapper()
          .readTree(HOME.resolve("tests/conformance/vectors/" + name + ".json").toFile());
    } catch (IOException missing) {
      throw new AssertionError(missing);
    }
  }

  static byte[] unpacked(JsonNode text) {
    return Base64.getDecoder().decode(text.textValue());
  }

  /** Makes of JSON what this client reads and writes, as a schema has it. */
  static Object made(Schema schema, JsonNode value) {
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

  /** Returns them as a registry would. */
  Schemas schemas() {
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
}
