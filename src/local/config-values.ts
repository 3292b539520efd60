import { z } from 'zod'
import { seconds } from '../model/duration.ts'
import { hasControl, isName, NAME_RULE } from '../model/name.ts'
import { didYouMean } from '../model/suggest.ts'
import { isPort } from './config-host.ts'
import { backupPathProblem, deployPathProblem, releasePathProblem, sharedPathProblem } from './config-path.ts'

/** A string for which `problem` finds no words. */
export const textThat = (problem: (text: string) => string | undefined) =>
  z.string().superRefine((text, context) => {
    const message = problem(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

/** A string with something in it. */
export const text = textThat((it) => (it.trim() === '' ? 'is empty' : hasControl(it) ? 'holds a control character' : undefined))
/** What an environment variable holds: anything, also nothing; tabs and newlines too. */
export const value = textThat((it) => (hasControl(it.replace(/[\t\n]/g, '')) ? 'holds a control character' : undefined))
/** Something for `sh`, of as many lines as it likes. */
export const command = textThat((it) =>
  it.trim() === '' ? 'is empty' : hasControl(it.replace(/[\t\n]/g, '')) ? 'holds a control character' : undefined,
)
/** A name of the grammar that apps, targets, builders and tags share. */
export const name = textThat((it) => (isName(it) ? undefined : `"${printable(it)}" is not a name: ${NAME_RULE}`))
/** The fingerprint of a host key. */
export const pin = textThat((it) =>
  /^SHA256:[A-Za-z0-9+/]{43}$/.test(it)
    ? undefined
    : `"${printable(it)}" is no fingerprint: write what ssh-keygen -lf says, SHA256: and 43 characters`,
)
/** `30s`, `5m`, `4h`, `7d`; not nothing. */
export const duration = textThat((it) =>
  (seconds(it) ?? 0) > 0 ? undefined : `must be a duration such as '30s', '5m', '4h' or '7d'`,
)
/** Where a target lives on its hosts. */
export const path = textThat(deployPathProblem)
/** An entry of `shared`. */
export const shared = textThat(sharedPathProblem)
/** What a backup takes. */
export const backupPath = textThat(backupPathProblem)
/** A file in a release. */
export const inRelease = textThat(releasePathProblem)
/** The permissions of a file; its owner, as whom the app runs, must be able to read it. */
export const mode = textThat((it) =>
  /^0?[4-7][0-7]{2}$/.test(it) ? undefined : "must be permissions such as '0600' or '0644', readable for the owner",
)
/** The name of an environment variable. */
export const envName = textThat((it) =>
  !/^[A-Za-z_][A-Za-z0-9_]*$/.test(it)
    ? 'is not a name for an environment variable'
    : it.startsWith('RELEASER_')
      ? 'is set by releaser itself'
      : undefined,
)

/** A whole number. */
export const whole = (least: number) => {
  const message = `must be a whole number of at least ${least}`
  return z.int(message).min(least, message)
}
const portMessage = 'must be a port from 1 to 65535'
/** A TCP port. */
export const port = z.int(portMessage).refine(isPort, portMessage)

/** An object that knows its keys. A message about unknown ones holds a line for each: what may have been meant. */
export const object = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => didYouMean(key, Object.keys(shape))).join('\n') : undefined,
  })

function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
