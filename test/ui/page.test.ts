import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { html, htmlText } from '../../src/ui/page/html.ts'
import { BEGINNING, page } from '../../src/ui/page/page.ts'
import type { PageRelease } from '../../src/ui/page/releases.ts'
import { deploy, failure, glance, NOW, silent } from '../support/glances.ts'

const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;`

const RELEASE: PageRelease = {
  app: 'shop',
  id: '20261020120000-aaaaaaaa',
  version: '1.4.0',
  builtAt: NOW - 86_400_000,
  bytes: 9_400_000,
  unpackedBytes: 31_000_000,
  files: 4123,
  tags: ['stable'],
  liveOn: ['prod/web1'],
}

function made(glances = [glance('web1')], releases: readonly PageRelease[] = [RELEASE]): string {
  return page({ at: NOW, version: '0.1.0', glances, releases })
}

const marks = (text: string): number => text.match(/class="mark /g)?.length ?? 0

test('a text becomes text, wherever it stands', () => {
  expect(htmlText(html`<p title="${'a"b'}">${'<b>&\u0000\u202e'}</p>`)).toBe(
    '<p title="a&#34;b">&#60;b&#62;&#38;\\x00\\u202e</p>',
  )
  expect(htmlText(html`${[html`<i>${1}</i>`, html`<i>${null}</i>`]}`)).toBe('<i>1</i><i></i>')
  // What only looks like a piece of a page, as JSON may, is none.
  expect(() => htmlText(html`${{ html: '<b>' } as never}`)).not.toThrow()
  expect(htmlText(html`${{ html: '<b>' } as never}`)).toBe('undefined')
})

test('whatever the data hold, no element and no attribute comes of it', () => {
  const happenings = [failure(3, HOSTILE, { by: HOSTILE, from: HOSTILE, why: HOSTILE, action: HOSTILE })]
  const remarks = [{ text: HOSTILE, wrong: true }]
  const serves = { name: HOSTILE, id: HOSTILE, since: NOW, by: HOSTILE }
  const all = [
    glance(HOSTILE, { target: HOSTILE, app: HOSTILE, path: HOSTILE, previous: HOSTILE, serves, remarks, happenings }),
    silent(HOSTILE, { target: 'other', silent: HOSTILE }),
  ]
  const releases = [{ ...RELEASE, app: HOSTILE, id: HOSTILE, version: HOSTILE, tags: [HOSTILE], liveOn: [HOSTILE] }]
  const text = made(all, releases)
  expect(text).not.toMatch(/<(script|img)/)
  const tame = (hostile: string) => hostile.replaceAll(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
  expect(text.split(tame(HOSTILE)).length).toBeGreaterThan(25)
  // Nothing is left of it that is not escaped.
  expect(text.replaceAll(tame(HOSTILE), '')).not.toContain('alert')
})

test('its policy lets in its own style, by its hash, and nothing else', () => {
  const text = made()
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(text) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  expect(text).toContain(`content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'"`)
  expect(text).not.toMatch(/\sstyle=|\son\w+=|javascript:|url\(|@import|https?:/)
  expect(text.startsWith(BEGINNING)).toBe(true)
})

test('each deploy, failure and rollback has a mark, and what never switches has none', () => {
  const happenings = [
    deploy(9, '1.2.0'),
    failure(8, '1.3.0'),
    deploy(3, '1.4.0'),
    { ...deploy(2, '1.4.0'), action: 'pin', mark: null },
  ]
  const text = made([glance('web1', { happenings }), glance('web2', { happenings: happenings.slice(0, 1) })])
  expect(marks(text)).toBe(4)
  expect(text).toContain('aria-label="web1: 3 times deployed or gone back, 1 of them failed; 1.4.0 is live"')
  expect(text).toContain('<title>2026-10-14 12:00 UTC: deploy of 1.3.0 by ana@laptop, taken back: it is not healthy</title>')
  expect(text).toContain('4 deploys, each host counted: median 4 s, longest 4 s, last 4 s')
})

test.each([
  ['serves the same everywhere', [glance('a'), glance('b')], 'good">1.4.0 is live'],
  ['differs', [glance('a'), glance('b', { serves: null })], 'warn">hosts differ'],
  ['is empty', [glance('a', { serves: null })], 'warn">nothing is deployed'],
  ['does not answer', [glance('a'), silent('b')], 'bad">no answer from 1 of 2 hosts'],
  ['has something wrong', [glance('a', { remarks: [{ text: 'x', wrong: true }] })], 'bad">needs a look'],
])('a target that %s says so', (_, hosts, badge) => {
  expect(made(hosts)).toContain(`<span class="badge ${badge}</span>`)
})

test('backups: none are set up, or how the last one was', () => {
  expect(made()).toContain('no backups set up')
  const last = NOW - 3_600_000
  const text = made([
    glance('a', { backup: { last, ok: true, overdue: false } }),
    glance('b', { backup: { last, ok: true, overdue: true } }),
    glance('c', { backup: { last: null, ok: false, overdue: false } }),
  ])
  expect(text).not.toContain('no backups set up')
  expect(text).toContain(
    '<span class="good">good</span> <time datetime="2026-10-22T11:00:00.000Z">2026-10-22 11:00</time> <span class="dim ago">1 h ago</span>',
  )
  expect(text).toContain('<span class="bad">failed</span> <span class="dim">never</span>')
  expect(text).toContain('<span class="bad">2 not good</span>')
})

test('an empty store and a target without hosts that answer make a page too', () => {
  const text = made([silent('a')], [])
  expect(text).not.toMatch(/<h3>|Releases of/)
  expect(made([glance('new', { serves: null }), silent('a')])).toContain('There are no deploys in its history.')
  expect(marks(text)).toBe(0)
})

test('long histories and stores are cut, and it says where the rest is', () => {
  const happenings = Array.from({ length: 50 }, (_, index) => deploy(50 - index, `1.${index}.0`))
  const releases = Array.from({ length: 40 }, (_, index) => ({ ...RELEASE, version: `1.${index}.0` }))
  const text = made([glance('a', { happenings })], releases)
  expect(text).toContain('And 30 before that: <code>releaser history target=prod limit=50</code>')
  expect(text).toContain('And 25 older: <code>releaser releases app=shop</code>')
  expect(marks(text)).toBe(50)
})
