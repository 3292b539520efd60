import { hostname, userInfo } from 'node:os'
import { hasControl } from '../model/name.ts'
import type { Author } from '../remote/wire.ts'

/** CI systems by the variables that name the person and the job. */
const CI: readonly { readonly person: string; readonly job: (env: NodeJS.ProcessEnv) => string | undefined }[] = [
  {
    person: 'GITHUB_ACTOR',
    job: (env) =>
      env['GITHUB_RUN_ID'] && `${env['GITHUB_SERVER_URL']}/${env['GITHUB_REPOSITORY']}/actions/runs/${env['GITHUB_RUN_ID']}`,
  },
  { person: 'GITLAB_USER_LOGIN', job: (env) => env['CI_JOB_URL'] },
  { person: 'BUILDKITE_BUILD_CREATOR', job: (env) => env['BUILDKITE_BUILD_URL'] },
  { person: 'CIRCLE_USERNAME', job: (env) => env['CIRCLE_BUILD_URL'] },
  { person: 'BUILD_USER', job: (env) => env['BUILD_URL'] },
]

/** Who is at work, from where, doing what: a person on a laptop, or a CI job with its address. */
export function author(message: string, env: NodeJS.ProcessEnv = process.env): Author {
  const ci = CI.find(({ job }) => job(env))
  const here = `${localUser()}@${hostname()}`
  const by = ci ? (env[ci.person] ?? here) : here
  return { by: plain(by), where: plain(ci?.job(env) ?? hostname()), message: plain(message) }
}

function localUser(): string {
  try {
    return userInfo().username
  } catch {
    // A uid without an entry in passwd, as in many containers.
    return `uid${process.getuid?.() ?? ''}`
  }
}

/** These words travel on one line each. */
function plain(text: string): string {
  return hasControl(text) ? [...text].map((character) => (hasControl(character) ? ' ' : character)).join('') : text
}
