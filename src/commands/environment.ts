import { appEnv } from '../local/app-env.ts'
import { type AppEnv, secretValues } from '../model/app-env.ts'
import type { Observe, Plan } from '../model/plan.ts'
import { redact } from '../model/redact.ts'
import type { Destination } from '../rollout/host.ts'

/** What the apps of a rollout find in their environment. */
export interface Environments {
  of(destination: Destination): AppEnv
  /** Tells the same without any secret. */
  redacted(text: string): string
}

/** Reads and checks the environment of every host, each secret once; nobody has been connected to yet. Fails with CONFIG. */
export async function environments(
  destinations: readonly Destination[],
  { dir, signal }: { readonly dir: string; readonly signal: AbortSignal },
): Promise<Environments> {
  const found = new Map<Destination['host'], AppEnv>()
  for (const target of new Set(destinations.map((destination) => destination.target))) {
    const envOf = await appEnv({ target, dir, signal })
    for (const { host } of destinations.filter((destination) => destination.target === target)) found.set(host, envOf(host))
  }
  const secrets = [...new Set([...found.values()].flatMap(secretValues))]
  return {
    of: ({ host }) => found.get(host) ?? { values: {}, secret: [] },
    redacted: (text) => redact(text, secrets),
  }
}

/** An observer to whom no secret is told. */
export function discreet(observe: Observe, { redacted }: Environments): Observe {
  return (progress) => {
    if (progress.event === 'output') observe({ ...progress, line: redacted(progress.line) })
    else if (progress.event === 'note') observe({ ...progress, message: redacted(progress.message) })
    else if (progress.event === 'step' && progress.detail !== undefined)
      observe({ ...progress, detail: redacted(progress.detail) })
    else observe(progress)
  }
}

/** A plan as it may be shown: without the value of any secret. */
export function veiled(plan: Plan, { secret }: AppEnv): Plan {
  const values = Object.entries(plan.appEnv).map(([name, value]) => [name, secret.includes(name) ? '***' : value])
  return { ...plan, appEnv: Object.fromEntries(values) }
}
