/** Everything this client raises; `Refused` is the answer no, everything else is machinery. */

export class GridError extends Error {
  constructor (message, options) {
    super(message, options)
    this.name = new.target.name
  }
}

/** A broker or the registry did not answer; nothing was written. */
export class Unreachable extends GridError {}

/** An event was sent and not acknowledged: it may or may not be in the log. */
export class Unknown extends GridError {}

/** What was waited for did not come in time. */
export class TimedOut extends GridError {}

/** A value does not fit its schema, or bytes are not what their schema says. */
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
