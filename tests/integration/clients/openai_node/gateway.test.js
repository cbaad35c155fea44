// The official Node client against a whole grid: the same calls as the Python one's, unchanged.
import assert from 'node:assert/strict'
import test from 'node:test'
import OpenAI from 'openai'

const { GATEWAY, MODEL } = process.env
const DIMENSIONS = 384
const client = new OpenAI({ baseURL: `${GATEWAY}/v1`, apiKey: 'none', timeout: 120_000, maxRetries: 0 })
const user = (content) => [{ role: 'user', content }]
const release = () => fetch(new URL('/release', MODEL))
const events = async (run) => (await (await fetch(`${GATEWAY}/api/runs/${run}/events`)).json()).data
const runsOf = async (session, outcome = '') =>
  (await (await fetch(`${GATEWAY}/api/runs?${new URLSearchParams({ session, ...(outcome && { outcome }) })}`))
    .json()).data
const until = async (ask) => {
  for (;;) {
    const found = await ask()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('models are listed, and one that is not there is not found', async () => {
  const names = (await client.models.list()).data.map(({ id }) => id)
  for (const name of ['aether', 'answer', 'puppet', 'all-MiniLM-L6-v2']) assert(names.includes(name), name)
  assert.equal((await client.models.retrieve('puppet')).owned_by, 'aether')
  await assert.rejects(client.models.retrieve('nothing/like-it'), (error) =>
    error instanceof OpenAI.NotFoundError && error.code === 'model_not_found' && !!error.requestID)
})

test('a model is told what was asked of it', async () => {
  const { data, request_id: run } = await client.chat.completions.create({
    model: 'puppet', messages: user('echo'), n: 2, seed: 7, stop: ['END'], temperature: 0.5,
    response_format: { type: 'json_object' }
  }).withResponse()
  assert.deepEqual(data.choices.map(({ index }) => index), [0, 1])
  const { number, messages, ...told } = JSON.parse(data.choices[1].message.content)
  assert.deepEqual(told, {
    model: 'puppet-1', stream: false, n: 2, seed: 7, stop: ['END'], temperature: 0.5,
    response_format: { type: 'json_object' }
  })
  assert.deepEqual([number, messages.at(-1)], [1, user('echo')[0]])
  assert.equal((await events(run))[0].data.options.seed, 7)
})

test('an answer from memory comes with where it stands', async () => {
  const made = await client.chat.completions.create({ model: 'answer', messages: user('How tall is it?') })
  assert.equal(made.model, 'extractive')
  assert(Array.isArray(made.aether.citations))
})

test('tokens come as they are made, and usage when asked for', async () => {
  const stream = await client.chat.completions.create({
    model: 'puppet', messages: user('slowly'), stream: true, stream_options: { include_usage: true }
  })
  const chunks = []
  for await (const chunk of stream) {
    chunks.push(chunk)
    if (chunk.choices[0]?.delta.content === 'one ') await release() // the rest was not made before
  }
  assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), 'one two')
  assert.equal(chunks.at(-1).usage.total_tokens, 9)
})

for (const stream of [false, true]) {
  test(`tools are called until the answer is there${stream ? ', in a stream' : ''}`, async () => {
    const measured = []
    const runner = client.chat.completions.runTools({
      model: 'puppet',
      messages: user('measure'),
      stream,
      tools: [{
        type: 'function',
        function: {
          name: 'measure',
          parameters: { type: 'object', properties: { what: { type: 'string' } } },
          parse: JSON.parse,
          function: (asked) => { measured.push(asked); return '324 m' }
        }
      }]
    })
    assert.equal(await runner.finalContent(), 'It is 324 m.')
    assert.deepEqual(measured, [{ what: 'Größe' }])
  })
}

test('texts become vectors, the same in either encoding', async () => {
  const input = ['The tower is 324 m tall.', 'Tea is at four.']
  const packed = await client.embeddings.create({ model: 'all-MiniLM-L6-v2', input }) // base64 on the wire
  const plain = await client.embeddings.create({ model: 'aether', input, encoding_format: 'float' })
  assert.deepEqual(packed.data.map(({ embedding }) => embedding.length), [DIMENSIONS, DIMENSIONS])
  assert.deepEqual(packed.data.map(({ embedding }) => [...new Float32Array(embedding)]),
    plain.data.map(({ embedding }) => [...new Float32Array(embedding)]))
  assert.deepEqual(packed.usage, { prompt_tokens: 16, total_tokens: 16 })
})

test('a response is there later, goes on, and its stream is taken up again', async () => {
  const first = await client.responses.create({ model: 'puppet', input: 'echo', store: true })
  assert.equal((await client.responses.retrieve(first.id)).output_text, first.output_text)
  const next = await client.responses.create({
    model: 'puppet', input: 'echo', previous_response_id: first.id
  })
  const told = JSON.parse(next.output_text).messages.filter(({ role }) => role !== 'system')
  assert.deepEqual(told.map(({ role }) => role), ['user', 'assistant', 'user'])

  const seen = []
  for await (const event of await client.responses.create({ model: 'puppet', input: 'echo', stream: true })) {
    seen.push(event)
  }
  const at = seen.findIndex(({ type }) => type === 'response.output_text.delta')
  const text = (all) => all.filter(({ type }) => type === 'response.output_text.delta')
    .map(({ delta }) => delta).join('')
  const rest = []
  for await (const event of await client.responses.retrieve(seen[0].response.id,
    { stream: true, starting_after: seen[at].sequence_number })) rest.push(event)
  assert.equal(text(seen.slice(0, at + 1)) + text(rest), seen.at(-1).response.output[0].content[0].text)
  assert.equal(rest.at(-1).type, 'response.completed')
})

test('a response in the background is cancelled and deleted', async () => {
  const { id } = await client.responses.create({ model: 'puppet', input: 'late', background: true })
  try {
    assert.equal((await client.responses.cancel(id)).status, 'cancelled')
  } finally {
    await release()
  }
  await client.responses.delete(id)
  await assert.rejects(client.responses.retrieve(id), OpenAI.NotFoundError)
})

test('what is wrong or refused is an error of its own class', async () => {
  const wrong = { model: 'puppet', messages: user('x'), temperature: 3 }
  await assert.rejects(client.chat.completions.create(wrong), (error) =>
    error instanceof OpenAI.BadRequestError && error.param === 'temperature')
  await assert.rejects(client.chat.completions.create({ model: 'nobody', messages: user('x') }),
    (error) => error instanceof OpenAI.NotFoundError && error.code === 'model_not_found')
  for (const stream of [false, true]) {
    await assert.rejects(client.chat.completions.create({ model: 'puppet', messages: user('refuse'), stream }),
      OpenAI.BadRequestError)
  }
  await assert.rejects(client.embeddings.create({ model: 'aether', input: 'a', dimensions: 2 }),
    OpenAI.BadRequestError)
})

test('a client that waits no longer is a time-out, and its run goes on', async () => {
  const session = `late-${process.pid}`
  const asking = client.chat.completions.create({ model: 'puppet', messages: user('late') },
    { timeout: 1_500, headers: { 'x-aether-session': session } })
  await assert.rejects(asking, OpenAI.APIConnectionTimeoutError)
  await until(async () => (await runsOf(session)).length)
  await release()
  const [run] = await until(async () => { const done = await runsOf(session, 'completed'); return done.length && done })
  assert.equal(run.question, 'late')
})

test('what may pass is asked again; what was declined or cancelled is not', async () => {
  const cancelled = `cancelled-${process.pid}`
  for (const [said, times] of [['collide', 3], ['decline', 1]]) {
    const session = `${said}-${process.pid}`
    await assert.rejects(client.chat.completions.create({ model: 'puppet', messages: user(said) },
      { maxRetries: 2, headers: { 'x-aether-session': session } }), OpenAI.InternalServerError)
    assert.equal((await runsOf(session)).length, times)
  }

  const asking = client.responses.create({ model: 'puppet', input: 'late' },
    { maxRetries: 2, headers: { 'x-aether-session': cancelled } })
  const failing = assert.rejects(asking, OpenAI.ConflictError)
  const [{ run_id: run }] = await until(async () => { const open = await runsOf(cancelled); return open.length && open })
  try {
    assert.equal((await client.responses.cancel(`resp_${run}`)).status, 'cancelled')
  } finally {
    await release()
  }
  await failing
  assert.equal((await runsOf(cancelled)).length, 1)
})
