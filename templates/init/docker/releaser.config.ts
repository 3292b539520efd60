import { defineConfig } from 'releaser'

// What releaser knows of this project. Everything that can be set is in this file; what is commented out shows its default,
// or an example. Unknown keys are errors, so nothing can be misspelt. Durations are '30s', '5m', '4h' or '7d'.
export default defineConfig({
  // What is deployed. A repository with several apps writes instead: apps: { shop: { builder: 'shop' }, admin: {} }
  app: '__NAME__',

  // Where releases are kept on this machine, and how many of an app after each build (all, if left out).
  // store: '.releaser',
  // keepLocal: 20,

  // How a build is made: `releaser build`.
  builders: {
    image: {
      type: 'docker',
      // The recipe, beside this file; the last of its stages holds the release, in the folder named here.
      // dockerfile: 'Dockerfile',
      artifact: '/release',

      // What the Dockerfile asks for by ARG. It always gets RELEASER_APP, RELEASER_VERSION, RELEASER_TS and RELEASER_GIT_REV.
      // They are kept in the engine's cache, so they are no place for secrets.
      args: {
        // The system of your hosts: programs run where the C library and the processor are those they were built for.
        SYSTEM: 'debian:bookworm-slim',
      },
      // Where the processor of your hosts is another one than this machine's.
      // platform: 'linux/arm64',
      // The folder that the Dockerfile may copy from; .dockerignore says what of it stays out.
      // context: '.',
      // Which engine builds: 'docker', 'podman' or 'buildah'. If left out, the first of them that answers.
      // engine: 'podman',

      // Where the version comes from. If left out: `releaser build version=…`, else what was built says it, else the nearest
      // tag of git, else 0.0.0-<time>.
      // version: '1.4.0',
      // version: { command: 'git describe --tags --always' },

      // Files of the artifact that stay out of the release.
      // exclude: ['*.map'],
      // Symbolic links that lead out of the artifact and are meant.
      // absoluteLinks: ['etc/localtime'],
      // More environment for the engine, not for the build in it.
      // env: { DOCKER_BUILDKIT: '1' },
      // Commands before and after it; a failure stops the build and nothing is stored.
      // hooks: { 'pre-build': 'make test', 'post-build': 'make report' },
    },
  },

  // Settings that all targets share; what a target says itself goes first.
  // defaults: { keep: 5 },

  // Where the app goes: `releaser deploy target=prod`.
  targets: {
    prod: {
      // As for ssh: 'user@host', 'user@host:2222', 'user@[::1]:22', or an alias of ~/.ssh/config. Several hosts are deployed
      // to together: all of them change, or none.
      hosts: ['__USER__@__HOST__'],
      // hosts: ['deploy@web1.example.com', { host: 'web2.example.com', user: 'deploy', port: 2222, name: 'web2' }],

      // The directory on each host: absolute, or relative to the login directory. In it: releases/, current -> the release that
      // serves, shared/ for what outlives releases.
      path: '__PATH__',

      // How many releases stay on each host.
      // keep: 5,

      // The app's environment, for it and for every command on the hosts; `secrets` are never shown.
      // env: { PORT: '4000' },
      // envFile: 'prod.env',
      // secrets: { DATABASE_URL: { env: 'PROD_DATABASE_URL' }, API_KEY: { command: 'pass show __NAME__/api' } },

      // How the app is started, in the release's directory: a command that stays is the app; what it prints goes to
      // shared/log/app.log. Without a runner nothing is started.
      // runner: { start: 'exec ./server', stop: './stop' },
      // When it serves, and how patiently it is asked, through the SSH connection: { http }, { tcp: 4000 } or { command }. Where this
      // fails, the old release runs again. Without it, the app has to live for a few seconds.
      // health: { http: 'http://localhost:4000/health', timeout: '30s', settle: '3s' },
      // How long it may take to stop, before TERM; and whether KILL may follow.
      // stopTimeout: '30s',
      // kill: true,

      // Once for each deploy, on the first host, from the new release before it serves (when: 'after-start': once it does).
      // migrate: { run: './migrate' },

      // Commands of your own, in the release that serves: `releaser run target=prod command=seed`.
      // commands: { seed: './seed' },
      // What `releaser logs` shows, below path.
      // logs: ['shared/log/app.log'],

      // What outlives releases: links in every release to PATH/shared.
      // shared: { dirs: ['uploads'], files: ['config/local.json'] },

      // A host that this machine does not confirm over a new connection goes back by itself after that time; false: never.
      // confirm: '60s',

      // How unchanged files come from a release that is there. 'hardlink' saves space, for apps that never write into their files.
      // reuse: 'copy',

      // A person types the target's name before anything changes; scripts pass --yes.
      // protected: true,

      // How to log in: a key file (beside this file, or ~/…), the ssh agent, where host keys are known, how long to wait.
      // identity: '~/.ssh/id_ed25519',
      // agent: true,
      // knownHosts: '~/.ssh/known_hosts',
      // connectTimeout: '20s',

      // Which builder makes its builds; with one builder there is nothing to choose.
      // builder: 'image',

      // Commands around a deploy. Each gets RELEASER_APP, RELEASER_TARGET, RELEASER_RELEASE, RELEASER_VERSION and more; a string,
      // or { run: '…', timeout: '10m', ignoreFailure: true }.
      //   'pre-deploy', 'pre-upload'       here, once, before anything is sent; a failure changes nothing anywhere
      //   'pre-configure', 'post-configure', 'post-upload'
      //                                    on each host, in the new release: verified, not switched yet
      //   'pre-stop', 'post-stop', 'pre-activate', 'post-activate', 'pre-start', 'post-start'
      //                                    on each host, around stop, switch and start; a failure takes every host back
      //   'post-deploy'                    here, once; the release stays whatever it does
      //   'on-failure'                     here, once, after everything was taken back
      //   'pre-rollback', 'post-rollback'  here, once, around `releaser rollback`
      hooks: {
        // 'post-activate': 'sudo systemctl reload nginx',
      },
    },
    // staging: { hosts: ['__USER__@staging.example.com'], path: '__PATH__' },
  },

  // Several targets by one name, in order: `releaser status target=all`.
  // groups: { all: ['staging', 'prod'] },
})
