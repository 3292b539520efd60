import type { Builder } from '../../model/config.ts'
import { template } from '../own-files.ts'

export type DockerBuilder = Extract<Builder, { readonly type: 'docker' }>
export type EngineKind = NonNullable<DockerBuilder['engine']>
export type Words = readonly [string, ...string[]]

/** What is to be built. The image gets no name, so that none can be left behind. */
export interface ImageWanted {
  /** Says whose build it is, on what must not outlive it. */
  readonly mark: string
  readonly dockerfile: string
  readonly context: string
  readonly platform: string | undefined
  /** Names; their values are in the environment, since a process list shows all words. */
  readonly args: readonly string[]
  /** Gets the image's id. */
  readonly idFile: string
}

/** How to find what carries a mark: the ids of all that have one, then the mark of one of them. */
interface Marked {
  readonly list: Words
  readonly mark: (id: string) => Words
  readonly remove: (id: string) => Words
}

/** How each engine is talked to; all words follow the engine's name. */
interface Dialect {
  /** Fails where it cannot work; prints where its working containers are kept, or anything. */
  readonly answers: Words
  /** What ends a build so that it clears up after itself: podman leaves everything where it gets TERM. */
  readonly stop: NodeJS.Signals
  readonly build: (wanted: ImageWanted) => Words
  /** Makes a container that is never started, and prints its id. */
  readonly create: (image: string, mark: string, platform: string | undefined) => Words
  /** The whole command that prints a tar of a path in a container. */
  readonly takeOut: (container: string, path: string) => Words
  readonly marked: readonly Marked[]
  /** For an engine whose working containers are marked by HOST: removes one. */
  readonly removeWorking: ((id: string) => Words) | null
}

/** The label of what docker builds, and of the containers that docker and podman make for us. */
const LABEL = 'releaser.build'
/** Before the mark in the name of a host that the steps of a build get to know: it is kept with each working container. */
export const HOST = 'releaser.build.'
const TAKE_OUT = template('build/take-out.sh')

const labelled = (mark: string) => ['--label', `${LABEL}=${mark}`]
const hosted = (mark: string) => ['--add-host', `${HOST}${mark}:127.0.0.1`]
const platformed = (platform: string | undefined) => (platform === undefined ? [] : ['--platform', platform])

const build = ({ dockerfile, context, platform, args, idFile }: ImageWanted): readonly string[] => [
  ...['--force-rm', '--iidfile', idFile, '--file', dockerfile],
  ...platformed(platform),
  ...args.flatMap((name) => ['--build-arg', name]),
  context,
]

const marked = (what: 'container' | 'image', list: Words, remove: Words): Marked => ({
  list: [...list, '-a', '-q', '--no-trunc', '--filter', `label=${LABEL}`],
  mark: (id) => [what, 'inspect', '--format', `{{index .Config.Labels "${LABEL}"}}`, id],
  remove: (id) => [...remove, id],
})
const containers = marked('container', ['ps'], ['rm', '--force', '--volumes'])

/** An image without a command needs one to make a container of; it is never run. */
const NOTHING = 'nothing'

/** In the order in which they are looked for. */
export const DIALECTS: { readonly [K in EngineKind]: Dialect } = {
  docker: {
    answers: ['version', '--format', '{{.Server.Os}}'],
    stop: 'SIGTERM',
    build: (wanted) => ['build', ...labelled(wanted.mark), ...build(wanted)],
    create: (image, mark, platform) => ['create', '--network=none', ...labelled(mark), ...platformed(platform), image, NOTHING],
    takeOut: (container, path) => ['docker', 'cp', '--follow-link', `${container}:${path}`, '-'],
    // With the image's parents would go what the next build can begin with.
    marked: [containers, marked('image', ['images'], ['rmi', '--force', '--no-prune'])],
    removeWorking: null,
  },
  // These two put a label on every layer they keep, where it would get into other people's images, and the image is the last of
  // these layers: an image of theirs is left as it is, a nameless part of the cache.
  podman: {
    answers: ['info', '--format', '{{.Store.GraphRoot}}/{{.Store.GraphDriverName}}-containers'],
    stop: 'SIGHUP',
    build: (wanted) => ['build', '--layers', ...hosted(wanted.mark), ...build(wanted)],
    create: (image, mark) => ['create', '--pull=never', '--network=none', ...labelled(mark), image, NOTHING],
    takeOut: (container, path) => ['podman', 'cp', `${container}:${path}`, '-'],
    marked: [containers],
    removeWorking: (id) => ['rm', '--force', id],
  },
  buildah: {
    answers: ['info', '--format', '{{.store.GraphRoot}}/{{.store.GraphDriverName}}-containers'],
    stop: 'SIGHUP',
    build: (wanted) => ['bud', '--layers', ...hosted(wanted.mark), ...build(wanted)],
    create: (image, mark) => ['from', '--pull=never', ...hosted(mark), image],
    takeOut: (container, path) => {
      const words: Words = ['sh', TAKE_OUT, container, path]
      // Without root, its mounts can be seen from a namespace of its own only.
      return process.getuid?.() === 0 ? words : ['buildah', 'unshare', ...words]
    },
    marked: [],
    removeWorking: (id) => ['rm', id],
  },
}
