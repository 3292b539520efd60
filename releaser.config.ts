import { defineConfig } from 'releaser'

// Ours: it deploys the small server of the template `node`, to see a change of releaser at work on a real host:
//   SAMPLE_HOST=you@your-host node dist/cli.js deploy target=sample --build
// `releaser init` writes a configuration that explains each setting.
export default defineConfig({
  app: 'sample',
  builders: {
    sample: {
      type: 'command',
      // There is nothing to compile: the output is checked, and packed as it lies there.
      run: 'node --check templates/init/node/server.mjs',
      output: 'templates/init/node',
      exclude: ['releaser.config.ts', 'gitignore'],
      version: { command: 'git describe --tags --always --dirty' },
    },
  },
  targets: {
    sample: {
      hosts: [process.env['SAMPLE_HOST'] ?? 'deploy@sample.example.com'],
      path: 'releaser-sample',
      keep: 3,
      shared: { dirs: ['data'] },
      hooks: {
        // On the host, before the switch: what is about to serve is all there.
        'post-upload': 'test -s server.mjs && test -s package.json && test -d data',
      },
    },
  },
})
