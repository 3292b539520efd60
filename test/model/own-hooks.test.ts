import { expect, it } from 'vitest'
import type { Manifest } from '../../src/model/manifest.ts'
import { ownHook, ownHooks } from '../../src/model/own-hooks.ts'

const files = (...paths: readonly string[]): Manifest =>
  paths.map((path) => ({ type: 'file', path, mode: path.includes('run') ? 0o755 : 0o644, size: 1, sha256: '0' }))

it('finds one place for each hook, the best first, and its scripts in order', () => {
  const manifest = files(
    ...['rel/hooks/post_start/a.sh', 'rel/hooks/pre_start/a.sh', 'releaser/hooks/post-activate.sh'],
    ...['releaser/hooks/post-activate/a.sh', 'releaser/hooks/pre-start/10_run.sh', 'releaser/hooks/pre-start/20.sh'],
  )
  expect(ownHooks(manifest, undefined)).toEqual([
    's:rel/hooks/post_start/a.sh',
    's:releaser/hooks/post-activate.sh',
    'x:releaser/hooks/pre-start/10_run.sh',
    's:releaser/hooks/pre-start/20.sh',
  ])
  // What a start script may run itself is its business.
  for (const kind of ['distillery', 'relx'] as const)
    expect(ownHooks(manifest, kind)).not.toContain('s:rel/hooks/post_start/a.sh')
  expect(ownHooks(manifest, 'mix')).toContain('s:rel/hooks/post_start/a.sh')
})

it('takes nothing else for a hook', () => {
  const strange = [
    'pre-deploy',
    'on-failure',
    'pre_start',
    'pre-start/a b.sh',
    "pre-start/'.sh",
    'pre-start/a',
    'pre-start/x/a.sh',
  ]
  const others = ['releases/1.0/hooks/pre_start.d/a.sh', 'rel/hooks/pre_start.sh', 'a/releaser/hooks/pre-start']
  expect(ownHooks(files(...strange.map((path) => `releaser/hooks/${path}`), ...others), undefined)).toEqual([])
  expect(ownHooks([{ type: 'symlink', path: 'releaser/hooks/pre-start', target: 'x' }], undefined)).toEqual([])
})

it('reads back what it wrote, and nothing that a host may say instead', () => {
  expect(ownHook('x:releaser/hooks/pre-start/10_run.sh')).toEqual({
    hook: 'pre-start',
    path: 'releaser/hooks/pre-start/10_run.sh',
    executable: true,
  })
  for (const word of ['releaser/hooks/pre-start', 'x:rm -rf /', 'x:releaser/hooks/pre-start/$(id).sh', ''])
    expect(ownHook(word)).toBeUndefined()
})
