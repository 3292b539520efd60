import type { Target } from './config.ts'
import { seconds } from './duration.ts'

/** How the app of a release shows that it serves: what it is asked, and how patiently. */
export type Health = Check & Patience

export type Check = PortCheck | CommandCheck

/** What can be asked through the line, without any tool on the host. Ports are those of the host's own loopback. */
export type PortCheck = HttpCheck | TcpCheck

/** GET over plain HTTP. Redirects are answers like others, and are not followed. */
export interface HttpCheck {
  readonly kind: 'http'
  readonly port: number
  /** With its query, as it goes over the wire. */
  readonly path: string
  /** The Host header. */
  readonly host: string
  /** Null: any from 200 to 399. */
  readonly expectStatus: number | null
  /** A text that the body holds; null: any body. */
  readonly expectBody: string | null
}

/** Somebody takes connections. */
export interface TcpCheck {
  readonly kind: 'tcp'
  readonly port: number
}

/** A script that ends with 0, run on the host. */
export interface CommandCheck {
  readonly kind: 'command'
  readonly run: string
}

/** All in seconds. */
export interface Patience {
  /** Before it is asked for the first time; 0 if left out. */
  readonly delay: number
  /** From one answer to the next question; 1 if left out. */
  readonly interval: number
  /** From the first question on, until it has to be healthy; 30 if left out. */
  readonly timeout: number
  /** After the first good answer, when it is asked once more and has to be healthy still; 3 if left out. */
  readonly settle: number
}

/** What came of asking once. */
export type ProbeResult =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly why: string
      /** The same without what the app itself said, which may hold a secret; left out where it said nothing. */
      readonly bare?: string
      /** sshd does not let us through to the port, so that it has to be asked from the host itself. */
      readonly forbidden?: true
    }

/** Something wrong in `health`. `path` is the key in it, empty for all of it. */
export interface HealthProblem {
  readonly path: string
  readonly says: string
  readonly hint: string
}

type Written = NonNullable<Target['health']>

/** `health` of a target, understood; or all that is wrong with it. */
export function parseHealth(written: Written): { readonly health: Health } | { readonly problems: readonly HealthProblem[] } {
  const check = parseCheck(written)
  const patience = parsePatience(written)
  const problems = [...expectProblems(written), ...[check, patience].flatMap((part) => ('problems' in part ? part.problems : []))]
  if (problems.length > 0 || 'problems' in check || 'problems' in patience) return { problems }
  return { health: { ...check, ...patience } }
}

const KINDS = ['http', 'tcp', 'command'] as const
const EXAMPLES = "':4000/health' or 'http://localhost:4000/health'"

type Problems = { readonly problems: readonly HealthProblem[] }

function parseCheck({ http, tcp, command, expect }: Written): Check | Problems {
  const named = KINDS.filter((kind) => ({ http, tcp, command })[kind] !== undefined)
  if (named.length > 1)
    return {
      problems: [{ path: '', says: `names ${named.join(' and ')}`, hint: 'one of them only: a command can ask for more' }],
    }
  if (tcp !== undefined) return { kind: 'tcp', port: tcp }
  if (command !== undefined) return { kind: 'command', run: command }
  if (http === undefined)
    return { problems: [{ path: '', says: 'asks for nothing', hint: `write http: ${EXAMPLES}, tcp: 4000, or command` }] }
  const address = parseAddress(http)
  if ('says' in address) return { problems: [{ path: 'http', ...address }] }
  return {
    kind: 'http',
    ...address,
    expectStatus: typeof expect === 'number' ? expect : null,
    expectBody: typeof expect === 'string' ? expect : null,
  }
}

/** The names by which a host calls itself: the question goes there through the line, whatever the DNS says. */
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

function parseAddress(text: string): Pick<HttpCheck, 'port' | 'path' | 'host'> | Omit<HealthProblem, 'path'> {
  if (text.startsWith('/'))
    return { says: `"${text}" names no port`, hint: `write ':4000${text}', with the port that the app listens on` }
  const full = text.startsWith(':') ? `http://localhost${text}` : text.includes('://') ? text : `http://${text}`
  if (!URL.canParse(full)) return { says: `"${text}" is not an address`, hint: `write ${EXAMPLES}` }
  const url = new URL(full)
  const port = url.port === '' ? 80 : Number(url.port)
  if (url.protocol !== 'http:' || url.username !== '' || url.password !== '')
    return {
      says: `"${text}" needs more than plain http`,
      hint: `ask the app's own port, such as ${EXAMPLES}, or write a command`,
    }
  if (!LOOPBACK.includes(url.hostname))
    return {
      says: `"${text}" asks ${url.hostname}, and each host is asked by itself`,
      hint: `name the port that the app listens on there, such as ${EXAMPLES}, or write a command`,
    }
  if (port === 0) return { says: `"${text}" has a port that is not a number from 1 to 65535`, hint: `write ${EXAMPLES}` }
  return { port, path: url.pathname + url.search, host: url.host }
}

function expectProblems({ http, expect }: Written): readonly HealthProblem[] {
  const problem = (says: string, hint: string) => [{ path: 'expect', says, hint }]
  if (expect === undefined) return []
  if (http === undefined) return problem('goes with http only', 'leave it out, or let a command look at the answer')
  if (expect === '') return problem('is empty', 'write a text that the body holds, or leave it out')
  // 1xx is never the last word of an answer.
  if (typeof expect === 'number' && !(Number.isInteger(expect) && expect >= 200 && expect <= 599))
    return problem(
      `${expect} is not a status that an app answers with`,
      'write a number from 200 to 599, or a text that the body holds',
    )
  return []
}

/** Where the configuration says nothing. */
export const DEFAULT_PATIENCE: Patience = { delay: 0, interval: 1, timeout: 30, settle: 3 }

function parsePatience(written: Written): Patience | Problems {
  const keys = Object.keys(DEFAULT_PATIENCE) as readonly (keyof Patience)[]
  const read = keys.map((key) => [key, written[key] === undefined ? DEFAULT_PATIENCE[key] : seconds(written[key])] as const)
  const wrong = read.flatMap(([path, value]) => (value === undefined ? [path] : []))
  if (wrong.length > 0)
    return { problems: wrong.map((path) => ({ path, says: 'is not a duration', hint: "write '30s' or '5m'" })) }
  return { ...DEFAULT_PATIENCE, ...Object.fromEntries(read) }
}
