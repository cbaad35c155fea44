/** A connection to the grid: events go in durably, and what becomes of them is read in order. */

import { Consumer, ListOffsetTimestamps } from '@platformatic/kafka'

import { BadEvent, GridError, RunFailed, TimedOut, Unreachable, denialOr } from './errors.js'
import { minted, ofInbox } from './ids.js'
import * as nodes from './nodes.js'
import { Sender } from './sender.js'
import { Registry, encode, headersOf, opened, topicOf } from './wire.js'

const SESSIONS = 'aether.sessions.events'
const ENDS = ['aether.sessions.ResponseCompleted', 'aether.sessions.RunFailed']
/** A repeat follows its first soon: another worker took over and did the same again. */
const REMEMBERED = 10_000
const SENDER = { timeout: 15_000, maxInflights: 1 }
/** Who reads waits for a broker that is away; about a minute, since who is asked to end must, too. */
const PATIENT = { retries: 60, retryDelay: 1_000 }

export class Grid {
  #connect
  #sender
  #inbox

  /**
   * `kafka` are options of @platformatic/kafka, such as `sasl` and `tls`; `registry` is the address
   * of a Confluent API, and may hold a user and password. `node` is who you are in `ce_source`.
   * With `inbox`, everything goes to the inbox of that name: all that a node outside may write to.
   */
  constructor (
    bootstrap, registry, { node = 'local', kafka = {}, timeoutMs = 30_000, inbox = false } = {}
  ) {
    this.#connect = { clientId: 'aether-grid', bootstrapBrokers: bootstrap.split(','), ...kafka }
    this.schemas = typeof registry === 'string' ? new Registry(registry) : registry
    this.source = `/aether/${node}/client`
    this.timeoutMs = timeoutMs
    this.#inbox = inbox ? node : null
    this.#sender = new Sender({ ...this.#connect, ...SENDER })
  }

  /** Wait for what is on its way, then let go of every connection. */
  close () {
    return this.#sender.close()
  }

  /**
   * Append an event; resolves to where it stands once it is durable. Rejects with BadEvent and
   * Unreachable if nothing was written, Unknown if it may have been.
   */
  async produce (name, key, value, { topic, eventId = minted(), runId, causeId, trace } = {}) {
    const home = topic ?? topicOf(name)
    const frame = encode(await this.schemas.latest(home, name), value)
    const head = { name, eventId, source: this.source, atMs: Date.now(), runId, causeId, trace }
    const place = this.#inbox ? `aether.inbox.${this.#inbox}` : home
    const at = await this.#sender.append(place, key, frame, headersOf(head))
    return { ...at, eventId: this.#inbox ? ofInbox(eventId, this.#inbox) : eventId }
  }

  /** Return what each partition of a topic holds: its first offset, and its end. */
  async ends (topic) {
    const asking = this.consumer()
    try {
      const at = (timestamp) => asking.listOffsets({ topics: [topic], timestamp })
      const [first, end] = [
        await at(ListOffsetTimestamps.EARLIEST), await at(ListOffsetTimestamps.LATEST)
      ].map((found) => found.get(topic).map(Number))
      return first.map((offset, partition) => [offset, end[partition]])
    } catch (cause) {
      throw denialOr(Unreachable, `could not look at ${topic}`, cause)
    } finally {
      await asking.close(true)
    }
  }

  /**
   * Yield what stands in some partitions (`{partition: offset}`) from their offsets on, as it
   * comes. Records that are no events are passed over, and so is an event that is there again.
   * Throws TimedOut after `timeoutMs`.
   */
  async * follow (topic, starts, { timeoutMs } = {}) {
    const deadline = timeoutMs === undefined ? undefined : Date.now() + timeoutMs
    const offsets = (await this.ends(topic)).map(([, end], partition) => (
      { topic, partition, offset: BigInt(starts[partition] ?? end) }
    ))
    const reader = this.consumer({ patient: true })
    const stream = await reader.consume({ topics: [topic], mode: 'manual', offsets })
    const timer = deadline && setTimeout(() => stream.close(), Math.max(0, deadline - Date.now()))
    const seen = new Set()
    try {
      for await (const record of stream) {
        const event = record.partition in starts ? await this.read(record) : null
        if (!event || seen.has(event.eventId)) continue
        seen.add(event.eventId)
        if (seen.size > REMEMBERED) seen.delete(seen.values().next().value)
        yield event
      }
      throw new TimedOut(`nothing more of ${topic} within ${timeoutMs} ms`)
    } catch (cause) {
      throw cause instanceof GridError ? cause : denialOr(Unreachable, `could not read ${topic}`, cause)
    } finally {
      clearTimeout(timer)
      await reader.close(true)
    }
  }

  /** Return a consumer that reads as the grid does; `patient` waits for a broker that is away. */
  consumer ({ patient = false, ...options } = {}) {
    return new Consumer({
      groupId: `aether.clients.${minted()}`, // of its own: nothing is committed to it
      autocommit: false,
      maxWaitTime: 200,
      ...(patient && PATIENT),
      ...this.#connect,
      ...options
    })
  }

  /** Return a record as an event, null if it is none. */
  async read (record) {
    try {
      return await opened(this.schemas, record)
    } catch (error) {
      if (error instanceof BadEvent) return null
      throw error
    }
  }

  /** Ask a question and return its run; `aether` lets the grid choose who answers. */
  async ask (text, { session, model = 'aether' } = {}) {
    const runId = minted()
    const scope = `session:${session}`
    const value = {
      run_id: runId,
      model,
      text,
      messages: [{ role: 'user', content: text }],
      options: {},
      scopes: session ? ['grid', scope] : ['grid'],
      remember_in: session ? scope : null,
      stream: false
    }
    const given = { eventId: runId, runId }
    const ends = this.#inbox && await this.ends(SESSIONS)
    const at = await this.produce('aether.sessions.RequestReceived', session ?? runId, value, given)
    const starts = ends ? { ...ends.map(([, end]) => end) } : { [at.partition]: at.offset }
    return new Run(this, runId, starts)
  }

  /** Offer the capability `name`; resolves to its version once nodes can be asked for it. */
  register (name, description, examples = [], card = {}) {
    return nodes.register(this, name, description, examples, card)
  }

  /** Answer what the capability `name` is asked, until `signal` is aborted. */
  serve (name, handler, { signal } = {}) {
    return nodes.serve(this, name, handler, signal)
  }
}

/** A question on its way through the grid. */
export class Run {
  #grid
  #starts

  constructor (grid, runId, starts) {
    this.#grid = grid
    this.#starts = starts
    this.runId = runId
  }

  /** Yield what happens in this run, in order, up to its end. */
  async * events ({ timeoutMs = 60_000 } = {}) {
    for await (const event of this.#grid.follow(SESSIONS, this.#starts, { timeoutMs })) {
      if (event.runId !== this.runId) continue
      yield event
      if (ENDS.includes(event.name)) return
    }
  }

  /** Resolve to the answer: `text`, `citations`, `capability`, `model` and more. */
  async answer (options) {
    let last
    for await (const event of this.events(options)) last = event
    if (!last.value) throw new BadEvent(`the answer is large and lies at ${last.dataref}`)
    if (last.name !== ENDS[0]) throw new RunFailed(last.value.reason, last.value.detail)
    return last.value
  }
}
