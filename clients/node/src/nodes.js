/**
 * Serving a capability: requests lie on a topic of its own, answers go to the session.
 *
 * An answer's id follows from its request: two nodes that answer one request give one event, and a
 * request is acknowledged only after its answer is durable. Nothing is lost; a crash asks again.
 */

import { inspect, isDeepStrictEqual } from 'node:util'

import { BadEvent, GridError, Refused, Unreachable, denialOr } from './errors.js'
import { ofOutcome } from './ids.js'

const REGISTRY = 'aether.registry.events'
const [OFFERED, REGISTERED, PERCEIVED, REFUSED] = ['Offered', 'Registered', 'Perceived', 'Refused']
  .map((word) => `aether.registry.Capability${word}`)
const [REQUESTED, COMPLETED, FAILED] = ['Requested', 'Completed', 'Failed']
  .map((word) => `aether.sessions.Inference${word}`)
/** What went wrong is told in so many characters at most: it must fit, whatever was said. */
const DETAIL_MAX = 2_000

/** Offer a capability and wait until it is in force; one that says nothing new is so already. */
export async function register (grid, name, description, examples, more) {
  const card = { description, examples, policy: 'single', model: `work/${name}`, ...more }
  const offer = await grid.produce(OFFERED, name, { card })
  const perceived = new Set()
  let known, wanted
  const [[first]] = await grid.ends(REGISTRY)
  for await (const event of grid.follow(REGISTRY, { 0: first }, { timeoutMs: grid.timeoutMs })) {
    if (event.key !== name || !event.value) continue
    const { value, causeId } = event
    if (event.name === REFUSED && causeId === offer.eventId) {
      throw new Refused(value.reason, value.detail)
    }
    if (event.name === REGISTERED) {
      known = value
      if (causeId === offer.eventId) wanted = value.version
    }
    if (event.name === PERCEIVED) perceived.add(value.version)
    if (event.eventId === offer.eventId && isDeepStrictEqual(known?.card, value.card)) {
      wanted = known.version
    }
    if (perceived.has(wanted)) return wanted
  }
}

/** Answer requests one after the other; more nodes of one name share them by session. */
export async function serve (grid, name, handler, signal) {
  const topic = `aether.work.${name}`
  const reader = grid.consumer({ groupId: topic, patient: true })
  const given = { topics: [topic], mode: 'committed', fallbackMode: 'earliest' }
  let stream
  const stop = () => stream?.close()
  try {
    stream = await reader.consume(given)
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
    for await (const record of stream) {
      await work(grid, name, handler, record)
      await record.commit()
      if (signal?.aborted) break // what was fetched beyond it is for whoever serves next
    }
  } catch (cause) {
    throw cause instanceof GridError ? cause : denialOr(Unreachable, `could not read ${topic}`, cause)
  } finally {
    signal?.removeEventListener('abort', stop)
    await reader.close(true)
  }
}

async function work (grid, name, handler, record) {
  const event = await grid.read(record)
  if (!event?.value || event.name !== REQUESTED) return // whoever wrote it is no grid: nobody waits for an answer
  const requestId = event.causeId ?? event.eventId
  const { headers: { traceparent, tracestate }, key, runId, value } = event
  const asked = { text: value.text, runId, session: key, requestId, value }
  const told = {
    eventId: ofOutcome(requestId, name),
    runId,
    causeId: requestId,
    trace: traceparent ? { traceparent, ...(tracestate && { tracestate }) } : {}
  }
  const [kind, outcome] = await outcomeOf(handler, asked)
  try {
    await grid.produce(kind, key, outcome, told)
  } catch (error) {
    if (!(error instanceof BadEvent)) throw error
    await grid.produce(FAILED, key, failed(asked, error.message), told) // nothing was written yet
  }
}

/** Return what came of a request: whatever a handler throws is an outcome, too. */
async function outcomeOf (handler, asked) {
  try {
    const said = await handler(asked)
    const reply = typeof said === 'string' ? { text: said } : said
    if (typeof reply?.text !== 'string') {
      throw new TypeError(`a handler returns text or an object with one, not ${inspect(said, { depth: 0 })}`)
    }
    return [COMPLETED, {
      ...about(asked),
      citations: [],
      finish_reason: 'stop',
      prompt_tokens: 0,
      completion_tokens: 0,
      ...reply
    }]
  } catch (error) {
    if (!(error instanceof Refused)) return [FAILED, failed(asked, wordsOf(error))]
    return [FAILED, { ...about(asked), reason: error.reason, detail: error.detail }]
  }
}

function about ({ value: { run_id, inference_id, model } }) { // eslint-disable-line camelcase
  return { run_id, inference_id, model }
}

/** Return an outcome that can be written whatever `detail` is. */
function failed (asked, detail) {
  return { ...about(asked), reason: 'node_failed', detail: detail.slice(0, DETAIL_MAX).toWellFormed() }
}

/** Return what was thrown in words; it need not be an error. */
function wordsOf (thrown) {
  return thrown instanceof Error ? String(thrown) : inspect(thrown)
}
