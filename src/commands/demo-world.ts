import { ReleaserError } from '../model/errors.ts'
import { APP, type Files } from './demo-site.ts'

const FEWEST = 2
const MOST = 50

/** A data centre of the demo: a target, and how many hosts it has. */
export interface Centre {
  readonly name: string
  readonly tag: string
  /** Its `strategy`, as it is written in the configuration. */
  readonly strategy: string
  readonly hosts: readonly string[]
}

/** How many hosts `hosts=` asks for. Fails with USAGE. */
export function hostsAsked(text: string): number {
  const many = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (many >= FEWEST && many <= MOST) return many
  throw new ReleaserError('USAGE', `hosts=${text} is no number of hosts from ${FEWEST} to ${MOST}`, {
    hint: 'write hosts=6: three in each of two data centres',
  })
}

/** Two data centres with so many hosts in all, 2 or more; the first has the odd one. */
export function centresOf(hosts: number): readonly [Centre, Centre] {
  const names = (name: string, many: number) => Array.from({ length: many }, (_, index) => `${name}${index + 1}`)
  const first = Math.ceil(hosts / 2)
  return [
    { name: 'eu', tag: 'europe', strategy: "{ canary: 1, batch: 2, pause: '1s' }", hosts: names('eu', first) },
    { name: 'us', tag: 'america', strategy: '{ batch: 2, maxFailures: 1 }', hosts: names('us', hosts - first) },
  ]
}

/** The configuration of a federation: nothing in it is there for the demo alone but ports, keys, and the hook that makes failing easy. */
export function worldConfig(centres: readonly Centre[], portOf: (host: string) => number): string {
  const line = (host: string) => `        { name: '${host}', host: '127.0.0.1', port: ${portOf(host)}, user: 'demo' },\n`
  const targets = centres.map(
    ({ name, tag, strategy, hosts }) => `    ${name}: {
      hosts: [
${hosts.map(line).join('')}      ],
      tags: ['${tag}'],
      strategy: ${strategy},
    },
`,
  )
  return `import { defineConfig } from 'releaser'

// Whatever your own ~/.ssh/config says, it is not about these hosts.
process.env.RELEASER_SSH_CONFIG = '/dev/null'

export default defineConfig({
  app: '${APP}',
  builders: {
    site: {
      type: 'command',
      clean: ['dist'],
      run: 'cp -R site dist',
      output: 'dist',
      version: { command: 'cat site/version.txt' },
    },
  },
  // What all targets have in common.
  defaults: {
    path: '${APP}',
    identity: '../key',
    agent: false,
    knownHosts: '../known_hosts',
    // Runs on a host after its switch: where there is such a file, the host fails.
    hooks: {
      'post-activate': 'if [ -e ~/broken ]; then echo "I am broken"; exit 1; fi',
    },
  },
  targets: {
${targets.join('')}  },
  groups: { world: [${centres.map(({ name }) => `'${name}'`).join(', ')}] },
})
`
}

/** The first version: a page and a number. */
export function worldSite(): Files {
  return {
    'site/index.html': '<html>\n<h1>Hello, world</h1>\n</html>\n',
    'site/version.txt': '1.0.0\n',
  }
}
