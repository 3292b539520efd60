import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decodeLayout, encodeLayout, layoutOf } from '../../src/model/layout.ts'
import type { Entry, Manifest } from '../../src/model/manifest.ts'

const sha256 = (text: string) => hash('sha256', text)

/** A tree with these files, each with its folders; `start_erl.data` holds what is given. */
function tree(paths: readonly string[], data = '13.1.5 1.4.0'): Manifest {
  const files = ['releases/start_erl.data', ...paths].map((path): Entry => {
    const content = path === 'releases/start_erl.data' ? data : path
    return { type: 'file', path, mode: 0o755, size: content.length, sha256: sha256(content) }
  })
  const folders = new Set(files.flatMap(({ path }) => path.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/'))))
  const entries = [...folders].filter(Boolean).map((path): Entry => ({ type: 'directory', path, mode: 0o755 }))
  return [...entries, ...files].sort((a, b) => (a.path < b.path ? -1 : 1))
}
const layout = (paths: readonly string[], data?: string) => layoutOf(tree(paths, data), sha256)

const ERTS = ['erts-13.1.5/bin/beam.smp']
const mix = (version: string, name = 'shop') => [
  ...ERTS,
  `bin/${name}`,
  `bin/${name}.bat`,
  'releases/COOKIE',
  `releases/${version}/env.sh`,
  `releases/${version}/elixir`,
  `releases/${version}/${name}.rel`,
]
const distillery = (version: string) => [
  ...ERTS,
  'bin/shop',
  'bin/shop_rc_exec.sh',
  'bin/start_clean.boot',
  'releases/RELEASES',
  `releases/${version}/shop.sh`,
  `releases/${version}/shop.rel`,
  `releases/${version}/libexec/env.sh`,
]
const relx = (version: string) => [
  ...ERTS,
  'bin/shop',
  `bin/shop-${version}`,
  'bin/install_upgrade.escript',
  'bin/nodetool',
  'releases/RELEASES',
  `releases/${version}/vm.args`,
  `releases/${version}/shop.rel`,
]

describe('layoutOf', () => {
  it.each([
    ['mix', mix('1.4.0')],
    ['mix', [...mix('1.4.0'), 'bin/server', 'bin/migrate', 'releases/RELEASES']],
    ['mix', [...mix('1.4.0'), 'bin/castle', 'releases/1.4.0/build.config']],
    ['mix', ['bin/shop', 'releases/1.4.0/env.sh', 'releases/1.4.0/elixir']],
    ['distillery', distillery('1.4.0')],
    ['relx', relx('1.4.0')],
  ] as const)('knows %s', (kind, paths) => expect(layout(paths)).toEqual({ kind, name: 'shop', version: '1.4.0' }))

  it.each([
    ['a release of exrm', [...relx('1.4.0'), 'releases/1.4.0/shop.sh']],
    ['a release of relx without its extended start script', relx('1.4.0').filter((path) => !/nodetool|escript/.test(path))],
    ['two releases in one folder', [...mix('1.4.0'), ...mix('1.4.0', 'admin')]],
    ['a name that a shell would not take as it is', mix('1.4.0', 'shop;reboot')],
    ['a version that a shell would not take as it is', mix('$(reboot)')],
    ['a release one folder further down', mix('1.4.0').map((path) => `shop/${path}`)],
    ['any other folder', ['bin/shop', 'index.html']],
  ])('does not know %s', (_, paths) => expect(layout(paths)).toBeNull())

  it('does not know a folder without start_erl.data', () => {
    expect(
      layoutOf(
        tree(mix('1.4.0')).filter(({ path }) => !path.endsWith('.data')),
        sha256,
      ),
    ).toBeNull()
  })

  it.each(['1.4.0', '1.5.0'])('of several versions takes the one that boots: %s', (version) => {
    const both = [...mix('1.4.0'), ...mix('1.5.0')]
    const wanted = { kind: 'mix', name: 'shop', version }
    expect(layout(both, `13.1.5 ${version}`)).toEqual(wanted)
    expect(layout([...both, 'erts-12.0/bin/beam.smp'], `12.0 ${version}\n`)).toEqual(wanted)
    expect(layout(both, '13.1.5 1.3.0')).toBeNull()
  })
})

describe('a layout as a word', () => {
  it('is read back', () => {
    const known = { kind: 'relx', name: 'shop', version: '1.4.0-rc.1+b2' } as const
    expect(encodeLayout(known)).toBe('relx/shop/1.4.0-rc.1+b2')
    expect(decodeLayout('relx/shop/1.4.0-rc.1+b2')).toEqual(known)
  })

  it.each(['', '-', 'mix', 'mix/shop', 'mix/shop/', 'mix/shop/1/2', 'rel/shop/1', 'mix/$(x)/1', 'mix/shop/1;x'])(
    'is not %j',
    (word) => expect(decodeLayout(word)).toBeNull(),
  )
})
