/**
 * Sends events in the order they were given: what comes while a batch is on its way is the next one.
 *
 * One batch at a time keeps the order of every key whatever happens to a batch, and is fast.
 */

import { Base, Producer, compatibilityPartitioner } from '@platformatic/kafka'

import { GridError, Unknown, Unreachable, denialOr } from './errors.js'

/** An idempotent producer by itself tries for ever; this is about as long as it takes elsewhere. */
const RETRIES = 15
const BATCH_MAX = 2_000
const BATCH_BYTES_MAX = 900_000 // a broker takes 1 MiB in one batch unless it was told otherwise

/** Return the partition of a key among `count`: Kafka's Java partitioner, murmur2. */
export function partitionOf (key, count) {
  return compatibilityPartitioner(undefined, Buffer.from(key)) % count
}

export class Sender {
  #asking
  #producer
  #waiting = []
  #sending = null

  constructor (options) {
    this.#asking = new Base({ ...options, retryDelay: 500 })
    this.#producer = new Producer({
      acks: -1,
      idempotent: true,
      autocreateTopics: false,
      retries: RETRIES,
      ...options
    })
  }

  /** Append a record; resolves to where it stands. Rejects with Unknown or Unreachable. */
  append (topic, key, value, headers) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topic, key, value, headers, resolve, reject })
      this.#sending ??= this.#sendAll()
    })
  }

  async close () {
    await this.#sending
    await this.#producer.close()
    await this.#asking.close()
  }

  async #sendAll () {
    await null // whoever appends several things at once sends them together
    while (this.#waiting.length > 0) await this.#send(this.#batch())
    this.#sending = null
  }

  #batch () {
    let [count, bytes] = [0, 0]
    while (count < Math.min(this.#waiting.length, BATCH_MAX) && bytes < BATCH_BYTES_MAX) {
      bytes += this.#waiting[count++].value.length
    }
    return this.#waiting.splice(0, count)
  }

  async #send (batch) {
    let counts
    try {
      counts = await this.#counts([...new Set(batch.map(({ topic }) => topic))])
    } catch (cause) {
      for (const { reject } of batch) reject(denialOr(Unreachable, 'nothing was written', cause))
      return
    }
    const messages = batch.map(({ topic, key, value, headers }) => ({
      topic,
      partition: partitionOf(key, counts.get(topic)),
      key: Buffer.from(key),
      value,
      headers: new Map(Object.entries(headers).map((pair) => pair.map((each) => Buffer.from(each))))
    }))
    try {
      const { offsets } = await this.#producer.send({ messages })
      const next = new Map(offsets.map((each) => [`${each.topic}/${each.partition}`, each.offset]))
      messages.forEach(({ topic, partition }, at) => {
        const offset = next.get(`${topic}/${partition}`)
        next.set(`${topic}/${partition}`, offset + 1n)
        batch[at].resolve({ topic, partition, offset: Number(offset) })
      })
    } catch (cause) {
      const error = cause instanceof GridError ? cause : denialOr(Unknown, 'not acknowledged', cause)
      for (const { reject } of batch) reject(error)
    }
  }

  async #counts (topics) {
    const metadata = await this.#asking.metadata({ topics })
    return new Map(topics.map((topic) => [topic, metadata.topics.get(topic).partitionsCount]))
  }
}
