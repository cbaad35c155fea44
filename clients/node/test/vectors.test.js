/** The vectors of the conformance suite: this client must write and read what every other does. */

import assert from 'node:assert/strict'
import test from 'node:test'

import { BadEvent } from '../src/errors.js'
import { derived, minted, ofOutcome } from '../src/ids.js'
import { partitionOf } from '../src/sender.js'
import { decode, encode, headersOf, opened, schemaIdOf, topicOf } from '../src/wire.js'
import { named, native, vectors } from './vectors.js'

const { kinds, events, refused } = vectors('events')
const byId = new Map([...named.values()].map((each) => [each.id, each]))
const schemas = { of: async (id) => byId.get(id) }

/** What avsc reads are instances of classes of its own. */
function plain (value) {
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
}

test('every event has the bytes that the grid gives it', () => {
  for (const one of events) {
    const frame = Buffer.from(one.frame, 'base64')
    assert.deepEqual(encode(named.get(one.event), native(one.says)), frame, one.event)
    assert.deepEqual(plain(decode(byId.get(schemaIdOf(frame)), frame)), native(one.says))
    assert.equal(topicOf(one.event), kinds[one.event].topic)
  }
})

test('bytes that are no event are refused', () => {
  for (const [why, packed] of Object.entries(refused)) {
    const frame = Buffer.from(packed, 'base64')
    assert.throws(() => decode(byId.get(schemaIdOf(frame)), frame), BadEvent, why)
  }
})

test('a value that does not fit is refused', () => {
  for (const value of [{}, { run_id: 1, reason: '', detail: '' }]) {
    assert.throws(() => encode(named.get('aether.sessions.RunFailed'), value), BadEvent)
  }
})

test("every id is the grid's", async () => {
  const ids = vectors('ids')
  for (const one of ids.derived) assert.equal(derived(...one.parts), one.id)
  for (const one of ids.minted) {
    assert.equal(minted(one.at_ms, Buffer.from(one.chance, 'hex')), one.id)
  }
  for (const one of ids.outcomes) assert.equal(ofOutcome(one.request, one.name), one.id)
  const value = Buffer.from(events[0].frame, 'base64')
  for (const { topic, partition, offset, id } of ids.positions) {
    const record = { topic, partition, offset: BigInt(offset), value, headers: new Map() }
    assert.equal((await opened(schemas, record)).eventId, id)
  }
})

test('every event has the headers that the grid gives it', () => {
  for (const { event: name, id: eventId, source, at_ms: atMs, run: runId, cause: causeId, trace, headers } of vectors('headers')) {
    assert.deepEqual(headersOf({ name, eventId, source, atMs, runId, causeId, trace }), headers)
  }
})

test('ten thousand keys lie where the grid looks for them', () => {
  const { words, partitions } = vectors('partitions')
  for (const [count, digits] of Object.entries(partitions)) {
    const found = Array.from(digits, (_, n) => (
      partitionOf(`${words[n % words.length]}-${n}`, Number(count)).toString(36)
    ))
    assert.equal(found.join(''), digits)
  }
})
