import type { Glance, Happening } from '../../src/model/glance.ts'
import type { Screen } from '../../src/ui/screen.ts'
import { PLAIN } from '../../src/ui/style.ts'

/** Noon of a Thursday: what pictures call now. */
export const NOW = Date.UTC(2026, 9, 22, 12)

const DAY = 24 * 60 * 60 * 1000

/** A host that answered, and serves 1.4.0 since two days. */
export function glance(host: string, rest: Partial<Glance> = {}): Glance {
  return {
    target: 'prod',
    app: 'shop',
    host,
    path: '/srv/shop',
    silent: null,
    serves: { name: '1.4.0', id: '20261020120000-aaaaaaaa', since: NOW - 2 * DAY, by: 'ana@laptop' },
    previous: '1.3.0',
    running: true,
    healthy: true,
    freeBytes: 40e9,
    backup: null,
    remarks: [],
    happenings: [],
    ...rest,
  }
}

/** A host that did not answer. */
export function silent(host: string, rest: Partial<Glance> = {}): Glance {
  const nothing = { serves: null, previous: null, running: null, healthy: null, freeBytes: null }
  return glance(host, { ...nothing, silent: `cannot connect to ${host}: no route`, ...rest })
}

/** A deploy of `name`, so many days ago, that went well and was not the first. */
export function deploy(days: number, name: string, rest: Partial<Happening> = {}): Happening {
  return {
    at: NOW - days * DAY,
    action: 'deploy',
    mark: 'live',
    name,
    previous: null,
    by: 'ana@laptop',
    from: 'laptop',
    ok: true,
    took: 4000,
    why: '',
    ...rest,
  }
}

/** One that failed after the switch. */
export function failure(days: number, name: string, rest: Partial<Happening> = {}): Happening {
  return deploy(days, name, { ok: false, mark: 'taken-back', why: 'taken back: it is not healthy', ...rest })
}

export function screen(columns: number, rest: Partial<Screen> = {}): Screen {
  return { columns, rows: 60, ascii: false, style: PLAIN, ...rest }
}

/** Colours that can be read in an expectation. */
export const TOLD: Screen['style'] = {
  colour: true,
  bold: (text) => `<b>${text}</b>`,
  dim: (text) => `<dim>${text}</dim>`,
  red: (text) => `<red>${text}</red>`,
  green: (text) => `<green>${text}</green>`,
  yellow: (text) => `<yellow>${text}</yellow>`,
  cyan: (text) => `<cyan>${text}</cyan>`,
}
