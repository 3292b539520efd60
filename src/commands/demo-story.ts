import { size } from '../model/size.ts'
import { brokenVersion, firstVersion, secondVersion } from './demo-site.ts'

/** One step of the demo: what is told, what is changed, what is typed, and how it has to end. */
export interface Chapter {
  readonly tells: string
  /** Files of the project that change before. */
  readonly writes?: () => Readonly<Record<string, string | Buffer>>
  /** Words after `releaser`. */
  readonly command: readonly string[]
  /** The exit code that it has to end with. */
  readonly exit: number
  /** The version that the host has to serve afterwards; null: none yet. */
  readonly live: string | null
  /** Which release the last table names: what was packed, what was rolled out, or what is live. */
  readonly about: 'build' | 'rollout' | 'live'
  /** What came of it, in a few words for the last table. */
  readonly came: (facts: Came) => string
  /** What is told afterwards. */
  readonly remark?: (facts: Came, before: readonly Came[]) => string
}

/** What a step did, as the store and the host have it. */
export interface Came {
  /** The release that the step was about. */
  readonly release: { readonly id: string; readonly version: string; readonly bytes: number } | null
  /** The version that the host serves now. */
  readonly live: string | null
  /** Bytes that went over the wire; null where nothing was rolled out. */
  readonly sentBytes: number | null
}

export const STORY: readonly Chapter[] = [
  {
    tells: 'Build the site. What is built is packed once, as a release, and kept in a\nstore beside the configuration.',
    writes: firstVersion,
    command: ['build'],
    exit: 0,
    live: null,
    about: 'build',
    came: ({ release }) => `stored, ${size(release?.bytes ?? 0)}`,
  },
  {
    tells: 'Deploy it. The host checks every file before `current` points to the release.',
    command: ['deploy', 'target=demo'],
    exit: 0,
    live: '1.0.0',
    about: 'rollout',
    came: ({ sentBytes }) => `live, ${size(sentBytes ?? 0)} sent`,
  },
  {
    tells: 'Change site/index.html, and call it 1.1.0. Build and deploy in one go.',
    writes: secondVersion,
    command: ['deploy', 'target=demo', '--build'],
    exit: 0,
    live: '1.1.0',
    about: 'rollout',
    came: ({ sentBytes }) => `live, ${size(sentBytes ?? 0)} sent`,
    remark: ({ sentBytes }, before) =>
      `Only the changed file travelled: ${size(sentBytes ?? 0)} in all, after ${size(before.at(-1)?.sentBytes ?? 0)} the first time.`,
  },
  {
    tells:
      'Now an accident: the page of 1.2.0 is cut off. The hook post-activate checks it\non the host after the switch, and fails. So the host goes back by itself.',
    writes: brokenVersion,
    command: ['deploy', 'target=demo', '--build'],
    exit: 7,
    live: '1.1.0',
    about: 'rollout',
    came: ({ live }) => `exit 7: back to ${live}`,
    remark: () => 'Exit code 7, as it should be: every host serves what it served before.',
  },
  {
    tells: 'See for yourself what the host serves.',
    command: ['exec', 'target=demo', '--', 'cat', 'index.html'],
    exit: 0,
    live: '1.1.0',
    about: 'live',
    came: ({ live }) => `${live} still serves`,
  },
  {
    tells:
      'Go back by hand, to the release before. It is still on the host, so no file\ntravels: what is sent is the connection itself.',
    command: ['rollback', 'target=demo'],
    exit: 0,
    live: '1.0.0',
    about: 'rollout',
    came: ({ sentBytes }) => `live again, ${size(sentBytes ?? 0)} sent`,
  },
  {
    tells:
      'Back up the guestbook, which lies beside the releases. The host reads the archive\nback, unpacks it and compares, before it counts as one.',
    command: ['backup', 'target=demo'],
    exit: 0,
    live: '1.0.0',
    about: 'live',
    came: () => 'backed up, and proven',
    remark: () => 'With a schedule in its settings, `releaser timer install` has the host do that by itself.',
  },
  {
    tells: 'What is live?',
    command: ['status'],
    exit: 0,
    live: '1.0.0',
    about: 'live',
    came: ({ live }) => `${live} is live`,
  },
  {
    tells: 'And who did what?',
    command: ['history', 'target=demo'],
    exit: 0,
    live: '1.0.0',
    about: 'live',
    came: () => 'shown',
  },
]
