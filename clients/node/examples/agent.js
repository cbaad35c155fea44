/**
 * A node at work, and what the conformance suite asks of every client: see docs/clients.md.
 *
 *   agent.js KAFKA REGISTRY ask MODEL SESSION TEXT
 *   agent.js KAFKA REGISTRY serve NAME
 *   agent.js KAFKA REGISTRY flood COUNT KEYS AUTHOR
 *   agent.js KAFKA REGISTRY drain
 *   agent.js KAFKA REGISTRY echo KEY
 *   agent.js KAFKA REGISTRY hear PARTITION
 *   agent.js KAFKA REGISTRY show
 *
 * Who it is stands in variables: AETHER_SASL is SCRAM-SHA-512 or OAUTHBEARER, AETHER_USER and
 * AETHER_PASSWORD are a user or a client, AETHER_TOKEN_URL gives the latter tokens. AETHER_CA is a
 * file with who vouches for brokers over TLS.
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'

import { Denied, Grid, Refused, RunFailed } from '../src/index.js'

const EVENT = 'aether.memory.RecallJudged'
const TOPIC = 'aether.memory.events'
const IN_FLIGHT = 2_000
const TOO_LARGE = 3_000_000

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
    if (text.includes('overflow')) return 'x'.repeat(TOO_LARGE)
    if (text.includes('nonsense')) return { text: '', citations: [{}] }
    return `node heard: ${text}`
  }
  const version = await grid.register(name, `Repeats in node what it is told, as ${name}.`, [name])
  say({ serving: name, version })
  const stop = new AbortController()
  process.stdin.resume().on('end', () => stop.abort())
  await grid.serve(name, handle, { signal: stop.signal })
}

/** Produce many events, in order within each key. */
async function flood (grid, count, keys, author) {
  const began = performance.now()
  let [lost, sent] = [0, []]
  for (let number = 0; number < Number(count); number++) {
    const value = { question: author, scopes: [], useful: [String(number)] }
    const key = `ключ-${number % Number(keys)}`
    sent.push(grid.produce(EVENT, key, value).catch(() => lost++))
    if (sent.length === IN_FLIGHT) {
      await Promise.all(sent)
      sent = []
    }
  }
  await Promise.all(sent)
  say({ sent: Number(count), lost, seconds: (performance.now() - began) / 1000 })
}

/** Read everything that was flooded, and say what it comes to. */
async function drain (grid) {
  const digest = createHash('sha256')
  let count = 0
  for (const [partition, [first, end]] of (await grid.ends(TOPIC)).entries()) {
    if (first === end) continue
    for await (const event of grid.follow(TOPIC, { [partition]: first }, { timeoutMs: 120_000 })) {
      const { offset, key, eventId, value } = event
      if (event.name === EVENT) {
        const line = [partition, offset, key, eventId, value.question, value.useful[0]]
        digest.update(line.join('\t') + '\n')
        count++
      }
      if (offset === end - 1) break
    }
  }
  say({ count, digest: digest.digest('hex') })
}

/** Produce an event, and follow it. */
async function echo (grid, key) {
  const place = await grid.produce(EVENT, key, { question: key, scopes: [], useful: [] })
  const { eventId, partition, offset } = place
  for await (const event of grid.follow(TOPIC, { [partition]: offset }, { timeoutMs: 60_000 })) {
    return say({ key: event.key, same: event.eventId === eventId, partition })
  }
}

/** Follow what is there, without a word. */
async function hear (grid, partition) {
  for await (const event of grid.follow(TOPIC, { [partition]: 0 }, { timeoutMs: 60_000 })) {
    return say({ key: event.key })
  }
}

/** Print what could be printed by mistake. */
async function show (grid) {
  say({ shown: inspect(grid, { depth: null, showHidden: true }) + JSON.stringify(grid) })
}

/** Return the options of @platformatic/kafka for who this is. */
function credentials () {
  const { AETHER_SASL: mechanism, AETHER_USER: username, AETHER_PASSWORD: password, AETHER_CA } = process.env
  if (!mechanism) return {}
  const sasl = { mechanism, username, password }
  const tls = AETHER_CA && { tls: { ca: readFileSync(AETHER_CA) } }
  return { ...tls, sasl: mechanism === 'OAUTHBEARER' ? { mechanism, token: () => token(username, password) } : sasl }
}

/** Ask for a token by OAuth's client credentials. */
async function token (client, secret) {
  const answer = await fetch(process.env.AETHER_TOKEN_URL, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' })
  })
  if (!answer.ok) throw new Error(`no token: ${answer.status}`)
  return (await answer.json()).access_token
}

const [kafka, registry, command, ...given] = process.argv.slice(2)
const node = process.env.AETHER_INBOX
const grid = new Grid(kafka, registry, { node, inbox: Boolean(node), kafka: credentials() })
try {
  await { ask, serve, flood, drain, echo, hear, show }[command](grid, ...given)
} catch (error) {
  if (!(error instanceof Denied)) throw error
  say({ denied: error.message })
}
await grid.close()
