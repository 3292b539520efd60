import type { Target } from '../model/config.ts'
import { overlap, plainPath } from './config-path.ts'
import type { Problem } from './config-problem.ts'
import { inRelease, mode, object } from './config-values.ts'

/** A file of a release that is rendered into another one. */
export const template = object({ from: inRelease, to: inRelease, mode: mode.exactOptional() })

type Templates = NonNullable<Target['templates']>

/** Templates with their paths in plain form. */
export function plainTemplates(templates: Templates): Templates {
  return templates.map(({ from, to, ...rest }) => ({ from: plainPath(from), to: plainPath(to), ...rest }))
}

/** What is wrong with the templates of a target, whose paths are plain, beside what it shares. */
export function templateProblems(at: string, templates: Templates, shared: readonly string[]): readonly Problem[] {
  const clash = overlap(templates.map(({ to }) => to))
  return [
    ...templates.flatMap((template, index) =>
      (['from', 'to'] as const).flatMap((key) => {
        const other = shared.find((path) => overlap([path, template[key]]))
        if (other === undefined) return []
        const says = `"${template[key]}" and "${other}" of shared lie in one another`
        return [
          { path: `${at}.templates[${index}].${key}`, says, hint: 'what is shared is no part of a release: choose another path' },
        ]
      }),
    ),
    ...(clash
      ? [
          {
            path: `${at}.templates`,
            says:
              clash[0] === clash[1] ? `renders "${clash[0]}" twice` : `renders "${clash[0]}" and "${clash[1]}", which lies in it`,
            hint: 'leave one of them out, or choose another path',
          },
        ]
      : []),
  ]
}
