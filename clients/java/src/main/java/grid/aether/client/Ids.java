package grid.aether.client;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.UUID;
import java.util.stream.Collectors;

/** Ids: minted at the edge in the order of time, derived from a cause ever after (RFC 9562). */
public final class Ids {
  /** UUIDv5(DNS, "aether-grid"). */
  private static final UUID NAMESPACE = UUID.fromString("fc4b7a3a-2f77-546e-b49f-738f85eb24f6");

  private static final SecureRandom CHANCE = new SecureRandom();

  private Ids() {}

  /** Returns the UUIDv5 of some parts, joined by slashes: the same cause, the same id. */
  public static String derived(Object... parts) {
    String name = Arrays.stream(parts).map(String::valueOf).collect(Collectors.joining("/"));
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      sha1.update(bytes(NAMESPACE));
      return uuid(sha1.digest(name.getBytes(StandardCharsets.UTF_8)), 5);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Returns a UUIDv7 of now. */
  public static String minted() {
    byte[] chance = new byte[10];
    CHANCE.nextBytes(chance);
    return minted(System.currentTimeMillis(), chance);
  }

  static String minted(long atMs, byte[] chance) {
    byte[] id = ByteBuffer.allocate(18).putLong(atMs << 16).position(6).put(chance).array();
    return uuid(id, 7);
  }

  /** The id of what a node of {@code work/name} answers; whichever node, it is the same. */
  static String ofOutcome(String requestId, String name) {
    return derived(requestId, "work/" + name, 0);
  }

  /** The id under which the grid carries on what a node sent to its inbox. */
  static String ofInbox(String eventId, String node) {
    return derived(eventId, "inbox", node, 0);
  }

  private static String uuid(byte[] id, int version) {
    id[6] = (byte) (id[6] & 0x0f | version << 4);
    id[8] = (byte) (id[8] & 0x3f | 0x80);
    ByteBuffer halves = ByteBuffer.wrap(id);
    return new UUID(halves.getLong(), halves.getLong()).toString();
  }

  private static byte[] bytes(UUID id) {
    return ByteBuffer.allocate(16)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .array();
  }
}
