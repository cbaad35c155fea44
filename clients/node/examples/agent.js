/**
 * A node at work, and what the conformance suite asks of every client: see docs/clients.md.
 *
 *   agent.js KAFKA REGISTRY ask MODEL SESSION TEXT
 *   agent.js KAFKA REGISTRY serve NAME
 *   agent.js KAFKA REGISTRY flood TOPIC COUNT KEYS AUTHOR
 *   agent.js KAFKA REGISTRY drain TOPIC
 */

import { createHash } from 'node:crypto'

import { Grid, Refused, RunFailed } from '../src/index.js'

const EVENT = 'aether.sessions.RunFailed'
const IN_FLIGHT = 2_000

const say = (told) => process.stdout.write(JSON.stringify(told) + '\n')

/** Ask, watch, and show the answer. */
async function ask (grid, model, session, text) {
  const run = await grid.ask(text, { session, model })
  const events = []
  for await (const event of run.events({ timeoutMs: 120_000 })) events.push(event.name)
  try {
    const answer = await run.answer()
    say({ run: run.runId, text: answer.text, capability: answer.capability, events })
  } catch (error) {
    if (!(error instanceof RunFailed)) throw error
    say({ failed: error.reason, detail: error.detail })
  }
}

/** Answer in this language until standard input is closed. */
async function serve (grid, name) {
  const handle = ({ text }) => {
    if (text.includes('refuse')) throw new Refused('not_today', 'node will not')
    return `node heard: ${text}`
  }
  const version = await grid.register(name, `Repeats in node what it is told, as ${name}.`, [name])
  say({ serving: name, version })
  const stop = new AbortController()
  process.stdin.resume().on('end', () => stop.abort())
  await grid.serve(name, handle, { signal: stop.signal })
}

/** Produce many events, in order within each key. */
async function flood (grid, topic, count, keys, author) {
  const began = performance.now()
  let [lost, sent] = [0, []]
  for (let number = 0; number < Number(count); number++) {
    const value = { run_id: author, reason: 'flood', detail: String(number) }
    const key = `ключ-${number % Number(keys)}`
    sent.push(grid.produce(EVENT, key, value, { topic }).catch(() => lost++))
    if (sent.length === IN_FLIGHT) {
      await Promise.all(sent)
      sent = []
    }
  }
  await Promise.all(sent)
  say({ sent: Number(count), lost, seconds: (performance.now() - began) / 1000 })
}

/** Read everything there is, and say what it comes to. */
async function drain (grid, topic) {
  const digest = createHash('sha256')
  let count = 0
  for (const [partition, [first, end]] of (await grid.ends(topic)).entries()) {
    if (first === end) continue
    for await (const event of grid.follow(topic, { [partition]: first }, { timeoutMs: 120_000 })) {
      const { offset, key, eventId, value } = event
      digest.update([partition, offset, key, eventId, value.run_id, value.detail].join('\t') + '\n')
      count++
      if (offset === end - 1) break
    }
  }
  say({ count, digest: digest.digest('hex') })
}

const [kafka, registry, command, ...given] = process.argv.slice(2)
const grid = new Grid(kafka, registry)
await { ask, serve, flood, drain }[command](grid, ...given)
await grid.close()
