import { chmod, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildByDocker } from '../../../src/local/build/docker.ts'
import type { DockerBuilder } from '../../../src/local/build/engine.ts'
import { imageArgs, isAboutUnaskedArgs } from '../../../src/local/build/image-args.ts'
import { followSteps, remedyFor } from '../../../src/local/build/image-failure.ts'
import { project } from '../../support/project.ts'

const failure = (running: Promise<unknown>) =>
  running.then(
    () => undefined,
    ({ code, message, hint }) => ({ code, message, hint }),
  )

/** A build where no program is installed but these, by name and script. */
async function build(builder: Partial<DockerBuilder>, programs: Readonly<Record<string, string>> = {}, files = {}) {
  const names = Object.entries(programs).map(([name, script]) => [`bin/${name}`, `#!/bin/sh\n${script}\n`])
  const dir = await project({
    Dockerfile: 'FROM scratch\n',
    'scratch/.keep': '',
    'bin/.keep': '',
    ...Object.fromEntries(names),
    ...files,
  })
  for (const name of Object.keys(programs)) await chmod(join(dir, 'bin', name), 0o755)
  const failed = await failure(
    buildByDocker(
      'image',
      { type: 'docker', artifact: '/app', ...builder },
      { dir, env: { PATH: join(dir, 'bin') }, scratch: join(dir, 'scratch') },
    ),
  )
  return { ...failed, message: failed?.message.replaceAll(await realpath(dir), 'DIR') }
}

describe('refused before an engine is asked', () => {
  test('a Dockerfile or a context that is not there', async () => {
    expect(await build({ dockerfile: 'deploy/Dockerfile' })).toEqual({
      code: 'BUILD',
      message: 'builder "image" has no Dockerfile: there is no file DIR/deploy/Dockerfile',
      hint: 'write one, or name it: builders.image.dockerfile',
    })
    expect((await build({ context: 'bin' })).message).toBe(
      'builder "image" has no Dockerfile: there is no file DIR/bin/Dockerfile',
    )
    expect(await build({ context: 'nowhere' })).toEqual({
      code: 'BUILD',
      message: 'builder "image" has no context: there is no folder DIR/nowhere',
      hint: 'mend builders.image.context',
    })
  })

  test.each(['/', '.', 'a/..', '//'])('the whole image as the artifact: %s', async (artifact) => {
    expect(await build({ artifact })).toMatchObject({ code: 'CONFIG', message: 'builders.image.artifact is the whole image' })
  })

  test('args that are no names, and those that the engine would take for its own', async () => {
    expect(await build({ args: { 'a-b': '1' } })).toEqual({
      code: 'CONFIG',
      message: 'builders.image.args.a-b is no name for an ARG',
      hint: 'letters, digits and _',
    })
    expect(await build({ args: { DOCKER_HOST: 'x' } })).toEqual({
      code: 'CONFIG',
      message: 'builders.image.args.DOCKER_HOST would change how the engine itself works',
      hint: 'call it otherwise, here and in the Dockerfile; for the engine, set it in env',
    })
  })
})

describe('the engine', () => {
  test('none is installed', async () => {
    expect(await build({})).toEqual({
      code: 'BUILD',
      message:
        'builder "image" needs a container engine: docker is not installed; podman is not installed; buildah is not installed',
      hint: 'install docker, podman or buildah',
    })
    expect(await build({ engine: 'podman' })).toEqual({
      code: 'BUILD',
      message: 'builder "image" needs a container engine: podman is not installed',
      hint: 'install podman, or leave out builders.image.engine to take docker, podman or buildah, whichever is there',
    })
  })

  test('one is there and does not answer', async () => {
    expect(await build({}, { docker: 'echo "Cannot connect to the Docker daemon" >&2; exit 1' })).toEqual({
      code: 'BUILD',
      message:
        'builder "image" needs a container engine: docker does not answer: Cannot connect to the Docker daemon; podman is not installed; buildah is not installed',
      hint: 'see that it runs, and that you may use it: docker info',
    })
  })
})

test('args: those of the contract go before all others, and Deployer’s names say the same', () => {
  const env = { RELEASER_APP: 'shop', RELEASER_VERSION: '1.4.0', RELEASER_TS: '20260101000000', RELEASER_GIT_REV: '', OTHER: 'x' }
  expect(imageArgs('image', { RELEASER_APP: 'nobody', word: 'a b', BUILDKIT_INLINE_CACHE: '1' }, env)).toEqual({
    deployer_name: 'shop',
    deployer_ts: '20260101000000',
    word: 'a b',
    BUILDKIT_INLINE_CACHE: '1',
    RELEASER_APP: 'shop',
    RELEASER_VERSION: '1.4.0',
    RELEASER_TS: '20260101000000',
    RELEASER_GIT_REV: '',
  })
})

test.each(['docker', 'podman', 'buildah'] as const)(
  '%s gets the names of args in its words, and their values by its environment',
  async (engine) => {
    const words = 'printf "%s\\n" "$0" "$@" word=$word >> words; case $1 in version | info) echo linux ;; *) exit 1 ;; esac'
    const dir = await project({ Dockerfile: 'FROM scratch\n', 'scratch/.keep': '', [`bin/${engine}`]: `#!/bin/sh\n${words}\n` })
    await chmod(join(dir, 'bin', engine), 0o755)
    const shell = { dir, env: { PATH: join(dir, 'bin'), RELEASER_VERSION: '1.4.0' }, scratch: join(dir, 'scratch') }
    await failure(buildByDocker('image', { type: 'docker', artifact: '/app', engine, args: { word: 's3cret' } }, shell))
    const said = (await readFile(join(dir, 'words'), 'utf8')).split('\n')
    expect(said.filter((line) => /s3cret|1\.4\.0/.test(line) && line !== 'word=s3cret')).toEqual([])
    expect(said).toContain('word=s3cret')
    expect(said[said.indexOf('word') - 1]).toBe('--build-arg')
  },
)

test('that our own args are not asked for is no news, that somebody’s are not is', () => {
  expect(isAboutUnaskedArgs('[Warning] One or more build-args [deployer_ts RELEASER_APP] were not consumed')).toBe(true)
  expect(isAboutUnaskedArgs('[Warning] one or more build args were not consumed: [RELEASER_TS deployer_name]')).toBe(true)
  expect(isAboutUnaskedArgs('[Warning] One or more build-args [deployer_ts MIX_ENV] were not consumed')).toBe(false)
  expect(isAboutUnaskedArgs('deployer_ts')).toBe(false)
})

describe('the step that failed, as each engine tells it', () => {
  const failed = (lines: readonly string[]) => {
    const steps = followSteps()
    for (const line of lines) steps.take(line)
    return steps.failed()
  }

  test.each<[string, readonly string[], string | null]>([
    ['docker, classic', ['Step 1/2 : FROM scratch', ' ---> ', 'Step 2/2 : RUN make', 'no rule'], 'step 2/2, RUN make'],
    [
      'docker, BuildKit',
      ['#5 [build 3/4] RUN make', '#6 [docs 1/2] RUN dot', '#5 0.2 no rule', '#5 ERROR: process did not complete', '#6 CANCELED'],
      'step build 3/4, RUN make',
    ],
    ['podman', ['[1/2] STEP 1/2: FROM scratch', '[2/2] STEP 2/5: RUN make'], 'step 2/5, RUN make'],
    ['before any step', ['unable to prepare context'], null],
  ])('%s', (_, lines, step) => expect(failed(lines)).toBe(step))

  test('a long one is cut', () => expect(failed([`Step 1/1 : RUN ${'x'.repeat(500)}`])).toHaveLength('step 1/1, '.length + 121))
})

describe('what to do about it', () => {
  // As the programs say it: docker 20.10 and 28.2, podman 4.3.
  test.each<[string, string]>([
    ['ERROR: BuildKit is enabled but the buildx component is missing or broken.', 'this docker has no buildx'],
    ['the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/', 'the Dockerfile needs BuildKit'],
    [
      'image with reference sha256:d07 was found but does not match the specified platform: wanted',
      'the Dockerfile needs BuildKit',
    ],
    ['exec /bin/sh: exec format error', 'the image is for another processor'],
    ['write /var/lib/docker/tmp/x: no space left on device', "make room on the engine's disk"],
    ['pull access denied for nothing, repository does not exist', 'see whether the image after FROM is called so'],
    ['dockerfile parse error line 3: unknown instruction: COPI', 'mend that line of the Dockerfile'],
    ["The command '/bin/sh -c make' returned a non-zero code: 2", 'nothing was stored; mend it and build again'],
  ])('%s', (line, hint) => expect(remedyFor(['before', line])).toMatch(hint))
})
