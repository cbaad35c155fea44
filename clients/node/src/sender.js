/**
 * Sends events in the order they were given: what comes while a batch is on its way is the next one.
 *
 * One batch at a time keeps the order of every key whatever happens to a batch, and is fast.
 */

import { Base, Producer, compatibilityPartitioner } from '@platformatic/kafka'

import { BadEvent, Unknown, Unreachable, denialOr, isTooLarge } from './errors.js'

/** An idempotent producer by itself tries for ever; this is about as long as it takes elsewhere. */
const RETRIES = 15
const BATCH_MAX = 2_000
const BATCH_BYTES_MAX = 900_000 // a broker takes 1 MiB in one batch unless it was told otherwise
const RECORD_BYTES_MAX = 2_097_152 // what the grid's topics take

/** Return the partition of a key among `count`: Kafka's Java partitioner, murmur2. */
export function partitionOf (key, count) {
  return compatibilityPartitioner(undefined, Buffer.from(key)) % count
}

function tooLarge (value) {
  return new BadEvent(`a record of ${value.length} bytes is too large`)
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

  /** Append a record; resolves to where it stands. Rejects with Unknown, Unreachable or BadEvent. */
  append (topic, key, value, headers) {
    if (value.length > RECORD_BYTES_MAX) throw tooLarge(value)
    const message = {
      topic,
      key: Buffer.from(key),
      value,
      headers: new Map(Object.entries(headers).map((pair) => pair.map((each) => Buffer.from(each))))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, resolve, reject })
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

  /** Take what comes next: a record that is larger than a batch goes alone, and fails alone. */
  #batch () {
    const most = Math.min(this.#waiting.length, BATCH_MAX)
    const size = (at) => this.#waiting[at].message.value.length
    let [count, bytes] = [1, size(0)]
    while (count < most && (bytes += size(count)) < BATCH_BYTES_MAX) count++
    return this.#waiting.splice(0, count)
  }

  async #send (batch) {
    let counts
    try {
      counts = await this.#counts([...new Set(batch.map(({ message }) => message.topic))])
    } catch (cause) {
      for (const { reject } of batch) reject(denialOr(Unreachable, 'nothing was written', cause))
      return
    }
    const messages = batch.map(({ message }) => (
      { ...message, partition: partitionOf(message.key, counts.get(message.topic)) }
    ))
    try {
      const { offsets } = await this.#producer.send({ messages })
      const next = new Map(offsets.map((each) => [`${each.topic}/${each.partition}`, each.offset]))
      messages.forEach(({ topic, partition }, at) => {
        const offset = next.get(`${topic}/${partition}`)
        next.set(`${topic}/${partition}`, offset + 1n)
        batch[at].resolve({ topic, partition, offset: Number(offset) })
      })
    } catch (cause) {
      const large = batch.length === 1 && isTooLarge(cause)
      const error = large ? tooLarge(batch[0].message.value) : denialOr(Unknown, 'not acknowledged', cause)
      for (const { reject } of batch) reject(error)
    }
  }

  async #counts (topics) {
    const metadata = await this.#asking.metadata({ topics })
    return new Map(topics.map((topic) => [topic, metadata.topics.get(topic).partitionsCount]))
  }
}
