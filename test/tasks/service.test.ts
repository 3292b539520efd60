import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { encodeSharedEnv } from '../../src/model/app-env.ts'
import { envHash } from '../../src/tasks/service.ts'
import { project } from '../support/project.ts'

test('the hash is what sha256sum says of shared/env, whatever the order of the values', async () => {
  const dir = await project({ env: encodeSharedEnv({ A: '1', B: 'ü\n' }) })
  const sum = execFileSync('sh', ['-c', 'sha256sum env'], { cwd: dir, encoding: 'utf8' }).split(' ')[0]
  expect(envHash({ B: 'ü\n', A: '1' })).toBe(sum)
  expect(envHash({ B: 'ü\n', A: '2' })).not.toBe(sum)
  expect(envHash({})).toBe(null)
})
