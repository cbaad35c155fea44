/** Everything this client raises; `Refused` is the answer no, everything else is machinery. */

export class GridError extends Error {
  constructor (message, options) {
    super(message, options)
    this.name = new.target.name
  }
}

/** Kafka refuses these credentials, or what they may do, or nobody vouches for it; to try again does not help. */
export class Denied extends GridError {}

/** A broker or the registry did not answer; nothing was written. */
export class Unreachable extends GridError {}

/** An event was sent and not acknowledged: it may or may not be in the log. */
export class Unknown extends GridError {}

/** What was waited for did not come in time. */
export class TimedOut extends GridError {}

/** A value does not fit its schema, or is too large, or bytes are not what their schema says. */
export class BadEvent extends GridError {}

/** The answer is no: `reason` is a code, `detail` words. A handler throws it to refuse. */
export class Refused extends GridError {
  constructor (reason, detail = '') {
    super(detail ? `${reason}: ${detail}` : reason)
    this.reason = reason
    this.detail = detail
  }
}

/** A run ended without an answer. */
export class RunFailed extends Refused {}

const REFUSALS = new Set([
  ...['TOPIC', 'GROUP', 'CLUSTER'].map((what) => `${what}_AUTHORIZATION_FAILED`),
  ...['SASL_AUTHENTICATION_FAILED', 'ILLEGAL_SASL_STATE', 'UNSUPPORTED_SASL_MECHANISM']
])

/** Node's codes of a certificate that does not hold, such as SELF_SIGNED_CERT_IN_CHAIN. */
const UNVOUCHED = /CERT_|_CERT|CRL_|^UNABLE_TO_|^(INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$/

/** Return Denied if that is what lies below an error of @platformatic/kafka, else one of a kind. */
export function denialOr (Kind, message, cause) {
  const said = refusal(cause)
  // the cause would show what was said to whom when it is printed; a refusal has no use for it
  return said ? new Denied(`${message}: ${said}`) : new Kind(message, { cause })
}

function refusal (error) {
  const unvouched = below(error, ({ code }) => UNVOUCHED.test(code))
  if (unvouched) return `${unvouched.code}: ${unvouched.message}`
  const found = below(error, ({ code, apiId }) => code === 'PLT_KFK_AUTHENTICATION' || REFUSALS.has(apiId))
  if (!found) return undefined
  return REFUSALS.has(found.apiId) ? found.serverErrorMessage ?? found.message : reasonOf(found)
}

/** Whether a broker says that a record is too large. */
export function isTooLarge (error) {
  return below(error, ({ apiId }) => apiId === 'MESSAGE_TOO_LARGE') !== undefined
}

/** Return the first error of a kind among an error and those below it. */
function below (error, is) {
  if (!error || is(error)) return error ?? undefined
  for (const each of [error.cause, ...(error.errors ?? [])]) {
    const found = below(each, is)
    if (found) return found
  }
  return undefined
}

function reasonOf (error) {
  const why = error.cause?.errors?.[0] ?? error.cause
  return why ? `${error.message} ${why.serverErrorMessage ?? why.message}` : error.message
}
