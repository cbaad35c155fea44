/** Ids: minted at the edge in the order of time, derived from a cause ever after (RFC 9562). */

import { createHash, randomBytes } from 'node:crypto'

const NAMESPACE = Buffer.from('fc4b7a3a2f77546eb49f738f85eb24f6', 'hex') // UUIDv5(DNS, "aether-grid")

function uuid (bytes, version) {
  bytes[6] = (bytes[6] & 0x0f) | (version << 4)
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** Return the UUIDv5 of some parts, joined by slashes: the same cause, the same id. */
export function derived (...parts) {
  return uuid(createHash('sha1').update(NAMESPACE).update(parts.join('/')).digest(), 5)
}

/** Return a UUIDv7 of a Unix time in milliseconds and ten random bytes. */
export function minted (atMs = Date.now(), chance = randomBytes(10)) {
  const bytes = Buffer.alloc(16)
  bytes.writeUIntBE(atMs, 0, 6)
  chance.copy(bytes, 6, 0, 10)
  return uuid(bytes, 7)
}

/** Return the id under which the grid carries on what a node sent to its inbox. */
export function ofInbox (eventId, node) {
  return derived(eventId, 'inbox', node, 0)
}

/** Return the id of what a node of `work/{name}` answers; whichever node, it is the same. */
export function ofOutcome (requestId, name) {
  return derived(requestId, `work/${name}`, 0)
}
