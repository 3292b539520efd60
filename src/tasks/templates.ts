import { createHash } from 'node:crypto'
import type { Facts, Step } from '../model/plan.ts'
import type { Target } from '../model/target.ts'

/** What the files of a release are rendered from on one host. */
export interface RenderInput {
  readonly target: Pick<Target, 'templates'>
  /** The app's environment there, and `RELEASER_*`. */
  readonly appEnv: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  /** Names of variables that are shown nowhere. */
  readonly secrets: readonly string[]
}

/** These differ from deploy to deploy: a file that names them holds what was true when it was rendered. */
const PASSING: readonly string[] = ['RELEASER_PREVIOUS', 'RELEASER_DRY_RUN']

/** The step that renders a target's templates; none where it has none. */
export function rendering({ target, secrets, ...rest }: RenderInput, dir: string): Step[] {
  const templates = target.templates ?? []
  return templates.length === 0 ? [] : [{ step: 'render', dir, templates, mark: markOf({ target, secrets, ...rest }), secrets }]
}

/** Whether the files of a release directory on a host were rendered from just this. */
export function renderedSo(facts: Facts, dir: string, input: RenderInput): boolean {
  const laid = facts.rendered.filter((file) => file.dir === dir)
  const templates = input.target.templates ?? []
  return laid.length === templates.length && laid.every(({ mark }) => mark === markOf(input))
}

/** A hash of all that may go into a rendered file, by which a host remembers it. */
function markOf({ target, appEnv, env, secrets }: RenderInput): string {
  const values = Object.entries({ ...env, ...appEnv }).filter(([name]) => !PASSING.includes(name))
  const all = [target.templates, values.sort(([a], [b]) => (a < b ? -1 : 1)), [...secrets].sort()]
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 32)
}
