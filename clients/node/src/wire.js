/**
 * The bytes and headers of a record: Avro in Confluent's wire format, CloudEvents in binary mode.
 *
 * An event is written with the newest schema of its subject, and read with the one that wrote it.
 */

import avro from 'avsc'

import { BadEvent, Unreachable } from './errors.js'
import { derived } from './ids.js'

const PREFIX = 5
/** What is no part of the truth, and soon gone. */
const PASSING = new Set(['chunks', 'probes'])

/** A schema registry that speaks Confluent's API; what it said once holds for ever. */
export class Registry {
  #url
  #headers = { accept: 'application/json' }
  #latest = new Map()
  #byId = new Map()

  constructor (url, timeoutMs = 10_000) {
    const { username, password, ...rest } = parsedUrl(url)
    this.#url = rest.url
    this.timeoutMs = timeoutMs
    if (username) {
      this.#headers.authorization =
        'Basic ' + Buffer.from(`${username}:${password}`).toString('base64')
    }
  }

  /** Return the newest schema of an event on a topic (TopicRecordNameStrategy). */
  latest (topic, name) {
    const subject = encodeURIComponent(`${topic}-${name}`)
    return once(this.#latest, subject, async () => {
      const told = await this.#ask(`/subjects/${subject}/versions/latest`, `no event ${name} on ${topic}`)
      return { id: told.id, type: typeOf(told.schema) }
    })
  }

  /** Return the schema of an id. */
  of (id) {
    return once(this.#byId, id, async () => {
      const told = await this.#ask(`/schemas/ids/${id}`, `no schema ${id}`)
      return { id, type: typeOf(told.schema) }
    })
  }

  async #ask (path, missing) {
    let answer
    try {
      const signal = AbortSignal.timeout(this.timeoutMs)
      answer = await fetch(this.#url + path, { headers: this.#headers, signal })
      if (answer.ok) return await answer.json()
    } catch (cause) {
      throw new Unreachable(`no answer from the registry at ${this.#url}`, { cause })
    }
    if (answer.status === 404) throw new BadEvent(`the registry at ${this.#url} knows ${missing}`)
    throw new Unreachable(`the registry at ${this.#url} says ${answer.status}`)
  }
}

function parsedUrl (text) {
  const url = new URL(text)
  const [username, password] = [url.username, url.password].map(decodeURIComponent)
  url.username = url.password = ''
  return { username, password, url: url.href.replace(/\/$/, '') }
}

/** Ask once and keep the answer; what failed is asked again. */
function once (known, name, ask) {
  if (!known.has(name)) {
    const answer = ask()
    known.set(name, answer)
    answer.catch(() => known.delete(name))
  }
  return known.get(name)
}

const whole = (value) => Number.isSafeInteger(value) ||
  (typeof value === 'bigint' && BigInt.asIntN(64, value) === value)

/** Longs are numbers where a number is exact, and BigInts beyond; avsc by itself refuses those. */
const LONG = avro.types.LongType.__with({
  fromBuffer (bytes) {
    const value = bytes.readBigInt64LE()
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  },
  toBuffer (value) {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(value))
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: whole,
  compare: (one, other) => (one === other ? 0 : one < other ? -1 : 1)
})

/** Half of a character, as `slice` leaves it: avsc by itself would write what nobody can read. */
class Text extends avro.types.StringType {
  _write (tap, value) {
    if (value?.isWellFormed?.() === false) throw new Error('half a character in a text')
    super._write(tap, value)
  }
}

/** Return a schema's text as avsc wants it. */
export function typeOf (text) {
  const registry = { long: LONG, string: new Text() }
  return avro.Type.forSchema(JSON.parse(text), { wrapUnions: false, registry })
}

/** Return the topic on which events of a name belong: `aether.{area}.events`. */
export function topicOf (name) {
  const area = name.split('.')[1]
  return PASSING.has(area) ? `aether.${area}` : `aether.${area}.events`
}

/** Write an event. Throws BadEvent if the value does not fit the schema. */
export function encode ({ id, type }, value) {
  let body
  try {
    body = type.toBuffer(value)
  } catch (cause) {
    throw new BadEvent(`this is no ${type.name}: ${cause.message}`, { cause })
  }
  const prefix = Buffer.alloc(PREFIX)
  prefix.writeUInt32BE(id, 1)
  return Buffer.concat([prefix, body])
}

/** Return the id of the schema a record was written with. Throws BadEvent. */
export function schemaIdOf (frame) {
  if (!frame || frame.length < PREFIX || frame[0] !== 0) {
    throw new BadEvent("not in Confluent's wire format")
  }
  return frame.readUInt32BE(1)
}

/** Read an event; every byte must be used. Throws BadEvent. */
export function decode ({ type }, frame) {
  try {
    return type.fromBuffer(frame.subarray(PREFIX))
  } catch (cause) {
    throw new BadEvent(`these bytes are no ${type.name}: ${cause.message}`, { cause })
  }
}

/** Return the headers of an event that is new to the log. */
export function headersOf ({ name, eventId, source, atMs, runId, causeId, trace }) {
  const head = {
    ce_id: eventId,
    ce_type: `${name}.v1`,
    ce_specversion: '1.0',
    ce_source: source,
    ce_time: new Date(atMs).toISOString(),
    ...trace
  }
  if (causeId) head.ce_causationid = causeId
  if (runId) head.ce_correlationid = runId
  return head
}

/** Put a record into words; without headers its id follows from its place. Throws BadEvent. */
export async function opened (schemas, record) {
  const { topic, partition, offset } = record
  const named = await schemas.of(schemaIdOf(record.value))
  const headers = {}
  for (const [name, value] of record.headers) headers[name.toString()] = value?.toString() ?? ''
  const value = headers.ce_dataref ? null : decode(named, record.value)
  return {
    name: named.type.name,
    value, // null if the payload is so large that it lies in the object store, at `dataref`
    eventId: headers.ce_id || derived(topic, partition, offset),
    key: record.key?.toString() ?? '',
    topic,
    partition,
    offset: Number(offset),
    atMs: Number(record.timestamp),
    runId: headers.ce_correlationid || value?.run_id || '',
    causeId: headers.ce_causationid,
    dataref: headers.ce_dataref,
    headers
  }
}
