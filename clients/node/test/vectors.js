/** The vectors, and the schemas of this repository under the ids that those have. */

import { readFileSync } from 'node:fs'

import { typeOf } from '../src/wire.js'

const HOME = new URL('../../../', import.meta.url)
const text = (path) => readFileSync(new URL(path, HOME), 'utf8')

export const vectors = (name) => JSON.parse(text(`tests/conformance/vectors/${name}.json`))

export const named = new Map(Object.entries(vectors('events').kinds).map(([name, { id, schema }]) => (
  [name, { id, type: typeOf(text(`schemas/avro/${schema}`)) }]
)))

/** Return what JSON says, as this client takes it. */
export function native (value) {
  if (Array.isArray(value)) return value.map(native)
  if (value === null || typeof value !== 'object') return value
  if ('$long' in value) return BigInt(value.$long)
  if ('$bytes' in value) return Buffer.from(value.$bytes, 'base64')
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, native(each)]))
}
