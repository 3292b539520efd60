import type { HttpCheck, PortCheck, ProbeResult } from '../model/health.ts'

/** What came of one GET. */
export interface Talk {
  /** Null: no answer that is HTTP. */
  readonly status: number | null
  readonly body: string
  /** `enough`: no more had to be read. `cut`: no more was. `alien`: what came is not HTTP; `body` holds it. */
  readonly end: 'enough' | 'whole' | 'cut' | 'closed' | 'late' | 'alien'
}

/** Whether what came so far decides. `from`: how much of the body was looked at before. */
export function enough(check: HttpCheck, { status, body }: Pick<Talk, 'status' | 'body'>, from: number): boolean {
  if (status === null) return false
  if (!statusFits(check, status)) return body.trimStart().includes('\n')
  return check.expectBody === null || body.indexOf(check.expectBody, Math.max(0, from - check.expectBody.length)) >= 0
}

/** What an answer means, in words that show the cause. */
export function judge(check: HttpCheck, talk: Talk, seconds: number): ProbeResult {
  const { status, body } = talk
  if (status === null)
    return no(`${nameOf(check)}: ${SILENT[talk.end]?.(body, seconds) ?? 'the connection was closed without an answer'}`)
  if (!statusFits(check, status))
    return said(`${nameOf(check)} answered ${status}, not ${check.expectStatus ?? '200-399'}`, firstLine(body))
  if (check.expectBody === null || body.includes(check.expectBody)) return { ok: true }
  const where = READ[talk.end]?.(seconds) ?? 'its body'
  return said(`${nameOf(check)} answered ${status} without ${JSON.stringify(check.expectBody)} in ${where}`, firstLine(body))
}

/** What is wrong, and what the app itself said of it. */
function said(bare: string, words: string): ProbeResult {
  return words === '' ? no(bare) : { ...no(`${bare}: ${words}`), bare }
}

/** Why nothing could be asked at all. `says` is what the host said of it. */
export function unreachable(check: PortCheck, cause: 'nobody' | 'forbidden' | 'late', seconds: number, says = ''): ProbeResult {
  if (cause === 'late') return no(`${nameOf(check)}: no answer within ${rounded(seconds)} s`)
  if (cause === 'nobody')
    return no(/refused|^$/.test(says) ? `nobody listens on port ${check.port}` : `port ${check.port} cannot be reached: ${says}`)
  return { ...no(`sshd lets nobody through to port ${check.port} (AllowTcpForwarding, PermitOpen)`), forbidden: true }
}

const SILENT: { readonly [End in Talk['end']]?: (body: string, seconds: number) => string } = {
  late: (_, seconds) => `no answer within ${rounded(seconds)} s`,
  alien: (body) => (isTls(body) ? 'TLS is spoken there, not plain HTTP' : `what answers is not HTTP: ${firstLine(body)}`),
}

/** Where a text was looked for. */
const READ: { readonly [End in Talk['end']]?: (seconds: number) => string } = {
  cut: () => 'the first 64 kB of its body',
  closed: () => 'its body, which broke off',
  late: (seconds) => `what came of its body within ${rounded(seconds)} s`,
}

/** A record of TLS 1.0 or newer: its type, then the version. */
function isTls(body: string): boolean {
  return body.charCodeAt(0) >= 0x14 && body.charCodeAt(0) <= 0x17 && body.charCodeAt(1) === 3
}

function statusFits({ expectStatus }: HttpCheck, status: number): boolean {
  return expectStatus === null ? status >= 200 && status <= 399 : status === expectStatus
}

/** How messages call what is asked. A query may hold a secret, and is left out. */
export function nameOf(check: PortCheck): string {
  return check.kind === 'tcp' ? `port ${check.port}` : `GET ${check.path.replace(/\?.*/, '')} on port ${check.port}`
}

/** The first line with something in it, 120 characters at most. */
function firstLine(text: string): string {
  return (/\S.*/.exec(text)?.[0] ?? '').trimEnd().slice(0, 120)
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10
}

function no(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why }
}
