import { createHash } from 'node:crypto'
import type { BootKind, Steps } from '../model/plan.ts'
import { unitName, unitWord } from '../model/unit-text.ts'
import { cronCommand, cronComment } from './cron-text.ts'

interface About {
  readonly app: string
  readonly target: string
  /** The deploy path, absolute and without control characters. */
  readonly root: string
}

/**
 * What has a host settle at boot what was cut off when it went down: the unit's name and text, or the crontab's line and the
 * words by which we know it as ours. Two paths on one machine never have the same.
 */
export function bootText(kind: BootKind, about: About): Omit<Steps['boot'], 'kind'> {
  const { app, target, root } = about
  const mark = ` # releaser setup: ${app} ${target} ${cronComment(root)}`
  const own = createHash('sha256').update([app, target, root].join('\t')).digest('hex').slice(0, 8)
  return { unit: unitName('releaser-boot', about, own), mark, text: TEXTS[kind](about, mark) }
}

const TEXTS: { readonly [K in BootKind]: (about: About, mark: string) => string } = {
  systemd: (about) => unit(about, 'multi-user.target', [`RequiresMountsFor=${unitWord(about.root)}`]),
  // A user's systemd mounts nothing, and cannot wait for who does.
  'systemd-user': (about) => unit(about, 'default.target', []),
  cron: ({ root }, mark) => `@reboot ${cronCommand(['/bin/sh', agentAt(root), root, 'boot'])}${mark}\n`,
}

function unit({ app, target, root }: About, wantedBy: string, needs: readonly string[]): string {
  const words = [agentAt(root), root].map((word) => unitWord(word, { exec: true }))
  return `${[
    `# Written by releaser setup. It does nothing unless a deploy of ${app} to ${target} was cut off.`,
    '[Unit]',
    `Description=releaser: settle ${app} ${target} after a reboot`,
    ...needs,
    '',
    '[Service]',
    'Type=oneshot',
    `ExecStart=/bin/sh ${words.join(' ')} boot`,
    '',
    '[Install]',
    `WantedBy=${wantedBy}`,
  ].join('\n')}\n`
}

function agentAt(root: string): string {
  return `${root}/.releaser/agent`
}
