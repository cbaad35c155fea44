/** A node outlives its handler: whatever comes of a request is told, and the next one is answered. */

import assert from 'node:assert/strict'
import test from 'node:test'

import { BadEvent, Refused } from '../src/errors.js'
import { ofOutcome } from '../src/ids.js'
import { serve } from '../src/nodes.js'
import { Sender } from '../src/sender.js'
import { encode } from '../src/wire.js'
import { named, native, vectors } from './vectors.js'

const [REQUESTED, COMPLETED, FAILED] = ['Requested', 'Completed', 'Failed']
  .map((word) => `aether.sessions.Inference${word}`)
const REQUEST = native(vectors('events').events.find(({ event }) => event === REQUESTED).says)
const LONG = 'x'.repeat(3_000_000)

/** A grid whose log is an array; what does not fit is refused as a broker would. */
class Log {
  schemas = named
  came = []
  committed = []

  constructor (texts) {
    this.requests = texts.map((text, at) => (
      { name: REQUESTED, eventId: `request-${at}`, key: 'ada', runId: 'r', headers: {}, value: { ...REQUEST, text } }
    ))
  }

  consumer () {
    const records = this.requests.map((event) => (
      { event, commit: async () => { this.committed.push(event.eventId) } }
    ))
    const stream = { async * [Symbol.asyncIterator] () { yield * records }, close () {} }
    return { consume: async () => stream, close: async () => {} }
  }

  async read ({ event }) {
    return event
  }

  async produce (name, key, value, { eventId }) {
    if (encode(named.get(name), value).length > 2_097_152) throw new BadEvent('too large')
    this.came.push({ name, key, value, eventId })
  }
}

const thrown = (error) => () => { throw error }
const said = (reply) => () => reply

const UNFIT = {
  nothing: [said(undefined), 'a handler returns text or an object with one, not undefined'],
  'a number': [said(7), 'not 7'],
  'half a citation': [said({ text: '', citations: [{ marker: 1 }] }), `this is no ${COMPLETED}`],
  'half a character': [said('🌍'.slice(0, 1)), `this is no ${COMPLETED}: half a character`],
  'too much': [said(LONG), 'too large'],
  'an error': [thrown(new RangeError('no disk')), 'RangeError: no disk'],
  'no error': [thrown({ code: 7 }), '{ code: 7 }'],
  'a long error': [thrown(new Error(LONG)), 'Error: xxx'],
  'an error that is cut in a character': [thrown(new Error('!!' + ' 🌍'.repeat(999))), '🌍 \ufffd'],
  'a refusal without words': [thrown(new Refused(404)), `this is no ${FAILED}`]
}

test('what cannot be written is told and the next request is answered', async () => {
  const handlers = { ...Object.fromEntries(Object.entries(UNFIT).map(([why, [one]]) => [why, one])), good: said('yes') }
  const grid = new Log(Object.keys(handlers))
  await serve(grid, 'poet', (work) => handlers[work.text](work))
  const asked = grid.requests.map(({ eventId }) => eventId)
  assert.deepEqual(grid.committed, asked)
  assert.deepEqual(grid.came.map(({ eventId }) => eventId), asked.map((id) => ofOutcome(id, 'poet')))
  for (const [at, [why, [, detail]]] of Object.entries(UNFIT).entries()) {
    const { name, value } = grid.came[at]
    assert.deepEqual([name, value.reason], [FAILED, 'node_failed'], why)
    assert.ok(value.detail.includes(detail), value.detail)
  }
  assert.equal(grid.came.at(-1).name, COMPLETED)
})

test('a record that is no request is passed over', async () => {
  const grid = new Log(['no request', 'hello'])
  grid.requests[0].name = 'aether.sessions.RunFailed'
  await serve(grid, 'poet', said('yes'))
  assert.deepEqual(grid.came.map(({ eventId }) => eventId), [ofOutcome('request-1', 'poet')])
  assert.equal(grid.committed.length, 2)
})

test('what was fetched beyond the last answer is left to whoever serves next', async () => {
  const [grid, stop] = [new Log(['one', 'two']), new AbortController()]
  await serve(grid, 'poet', () => { stop.abort(); return 'yes' }, stop.signal)
  assert.deepEqual(grid.committed, ['request-0'])
})

test('a record that is larger than the log takes is a bad event', () => {
  const sender = new Sender({ clientId: 'test', bootstrapBrokers: ['127.0.0.1:1'] })
  assert.throws(() => sender.append('t', 'k', Buffer.alloc(3_000_000), {}), BadEvent)
})
