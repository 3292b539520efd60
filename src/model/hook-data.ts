import type { Plan, Steps } from './plan.ts'

/** What a command on a host gets as one line of JSON on its stdin. `takingBack`: the old release is the one that comes. */
export function hookData(plan: Plan, { hook, dir }: Steps['command'], takingBack = false): string {
  const env = { ...plan.env, ...(takingBack ? plan.back?.env : {}) }
  const word = (name: string) => env[name] || null
  const root = word('RELEASER_PATH')
  const id = word('RELEASER_RELEASE')
  return JSON.stringify({
    hook,
    action: plan.action,
    takingBack,
    app: plan.app,
    target: plan.target,
    host: plan.host,
    group: word('RELEASER_GROUP'),
    release: id && { id, version: word('RELEASER_VERSION'), digest: plan.release?.id === id ? plan.release.digest : null },
    previous: word('RELEASER_PREVIOUS'),
    path: root,
    releaseDir: `${root}/releases/${dir}`,
    dryRun: word('RELEASER_DRY_RUN') !== null,
  })
}
