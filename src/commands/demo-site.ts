import { randomBytes } from 'node:crypto'

/** Files of a project, by their paths. */
export type Files = Readonly<Record<string, string | Buffer>>

/** What the demo's app is called, and its directory on the host. */
export const APP = 'hello'

/** The demo's configuration: nothing in it is there for the demo alone but the key and the port. */
export function configOf(port: number): string {
  return `import { defineConfig } from 'releaser'

export default defineConfig({
  app: '${APP}',
  builders: {
    site: {
      type: 'command',
      clean: ['dist'],
      run: 'cp -R site dist',
      output: 'dist',
    },
  },
  targets: {
    demo: {
      hosts: [{ name: 'web1', host: '127.0.0.1', port: ${port}, user: 'demo' }],
      path: '${APP}',
      identity: '../key',
      knownHosts: '../known_hosts',
      shared: { dirs: ['guestbook'] },
      backup: { paths: ['shared/guestbook'] },
      // Runs on the host after the switch; if it fails, the host goes back.
      hooks: {
        'post-activate':
          'grep -q "</html>" index.html || { echo "page cut off"; exit 1; }',
      },
    },
  },
})
`
}

/** The first version: a page, its style, a guestbook that outlives releases, and three photos, for which random bytes stand in. */
export function firstVersion(): Files {
  const photos = [1, 2, 3].map((number) => [`site/photos/${number}.jpg`, randomBytes(400_000)] as const)
  const texts = { 'site/style.css': 'body { font: 18px/1.5 sans-serif }\n', 'site/guestbook/1.txt': 'Nice page! Ana\n' }
  return { ...page('1.0.0', 'Hello'), ...texts, ...Object.fromEntries(photos) }
}

/** A version that changes one file. */
export function secondVersion(): Files {
  return page('1.1.0', 'Hello again')
}

/** A version whose page ends too early: the host's check finds it out. */
export function brokenVersion(): Files {
  return page('1.2.0', 'Hello, wor', '')
}

function page(version: string, title: string, rest = '</h1>\n</html>\n'): Files {
  return {
    'package.json': `${JSON.stringify({ name: APP, private: true, version }, null, 2)}\n`,
    'site/index.html': `<html>\n<link rel="stylesheet" href="style.css">\n<h1>${title}${rest}`,
  }
}
