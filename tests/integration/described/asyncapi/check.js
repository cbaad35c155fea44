// What AsyncAPI's own parser says of a document, its Avro payloads included: every fault it finds.
import { readFileSync } from 'node:fs'
import { AvroSchemaParser } from '@asyncapi/avro-schema-parser'
import { Parser } from '@asyncapi/parser'

const ERROR = 0
const parser = new Parser()
parser.registerSchemaParser(AvroSchemaParser())
const { document, diagnostics } = await parser.parse(readFileSync(process.argv[2], 'utf8'))
const faults = diagnostics.filter(({ severity }) => severity === ERROR)
console.log(JSON.stringify({
  faults: faults.map(({ code, message, path }) => ({ code, message, path: path.join('/') })),
  version: document?.version(),
  channels: document?.allChannels().all().map((channel) => channel.id()),
  messages: document?.components().messages().all().map((message) => message.id())
}))
