import type { Command } from './command.ts'

/** The commands that work without a host. */
export const HERE: Readonly<Record<string, Command>> = {
  init: {
    name: 'init',
    summary: 'write a releaser.config.ts that works as it is',
    arguments: [
      { key: 'template', value: 'docker|generic|node|static', summary: 'what kind of app; else generic' },
      { key: 'name', value: 'NAME', summary: "the app's name; else that of the folder" },
      { key: 'host', value: 'HOST', summary: 'the first host; else example.com' },
      { key: 'user', value: 'USER', summary: 'the user on it; else whom ssh takes' },
      { key: 'path', value: 'PATH', summary: 'the directory there; else /srv/NAME' },
      { key: 'force', summary: 'write over a config that is there' },
    ],
    examples: [
      { line: 'releaser init template=node', does: 'a config for a Node app in this folder' },
      { line: 'releaser init template=static host=web1.example.com user=www path=/srv/site', does: 'all said, nothing asked' },
    ],
    exits: ['USAGE'],
    load: () => import('./init.ts'),
  },
  build: {
    name: 'build',
    summary: 'build, pack and store a release',
    arguments: [
      { key: 'target', value: 'NAME', summary: "build with this target's builder" },
      { key: 'builder', value: 'NAME', summary: 'build with this builder; else the only one' },
      { key: 'app', value: 'NAME', summary: 'the app, where the config has several' },
      { key: 'version', value: 'VERSION', summary: "the release's version; else what the build says" },
      { key: 'tag', value: 'A,B', summary: 'tags for the release' },
      { key: 'ref', value: 'GIT_REF', summary: 'build this branch, tag or commit, from a clean checkout' },
      { key: 'check-reproducible', summary: 'build twice, and fail where the two differ' },
    ],
    examples: [
      { line: 'releaser build', does: 'build with the only builder' },
      { line: 'releaser build target=prod version=1.4.0 tag=candidate', does: "with prod's builder, version and tag given" },
    ],
    exits: ['CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'LOCKED', 'BUILD'],
    load: () => import('./build.ts'),
  },
  pack: {
    name: 'pack',
    summary: 'pack a folder into the store',
    arguments: [
      { key: 'dir', value: 'DIR', required: true, summary: 'the folder whose content becomes the release' },
      { key: 'app', value: 'NAME', summary: 'the app; needed where no config names just one' },
      { key: 'version', value: 'VERSION', summary: "the release's version" },
      { key: 'tag', value: 'A,B', summary: 'tags for the release' },
    ],
    examples: [
      { line: 'releaser pack dir=dist', does: 'pack dist for the app of the config' },
      { line: 'releaser pack dir=_site app=blog version=2.1.0', does: 'without a config, into .releaser here' },
    ],
    exits: ['CONFIG', 'LOCKED', 'BUILD'],
    load: () => import('./pack.ts'),
  },
  import: {
    name: 'import',
    summary: 'take a ready tarball into the store',
    arguments: [
      { key: 'file', value: 'FILE', required: true, summary: 'the tarball: .tar, .tar.gz or .tar.zst' },
      { key: 'app', value: 'NAME', summary: 'the app; needed where no config names just one' },
      { key: 'version', value: 'VERSION', summary: "the release's version" },
      { key: 'tag', value: 'A,B', summary: 'tags for the release' },
    ],
    examples: [
      { line: 'releaser import file=shop-1.4.0.tar.gz version=1.4.0', does: 'check it, and store it as a release' },
      { line: 'releaser import file=build.tar.zst app=shop tag=nightly', does: 'without a config, with a tag' },
    ],
    exits: ['CONFIG', 'LOCKED', 'BUILD'],
    load: () => import('./import.ts'),
  },
  releases: {
    name: 'releases',
    summary: 'list the releases in the store, or on hosts',
    arguments: [
      { key: 'app', value: 'NAME', summary: 'only those of this app' },
      { key: 'target', value: 'NAME', summary: "those on this target's hosts" },
      { key: 'host', value: 'PATTERN', summary: 'with target=: only hosts whose name fits, such as web*' },
    ],
    examples: [
      { line: 'releaser releases', does: 'what the store holds, newest first' },
      { line: 'releaser releases target=prod', does: "what lies on prod's hosts" },
    ],
    exits: ['CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY'],
    load: () => import('./releases.ts'),
  },
  show: {
    name: 'show',
    summary: 'show a release: record, files, biggest files',
    arguments: [
      { key: 'release', value: 'REF', required: true, summary: 'latest, an id, a tag, a version, or the start of an id' },
      { key: 'app', value: 'NAME', summary: 'the app, where the store holds several' },
    ],
    examples: [
      { line: 'releaser show release=latest', does: 'the newest release' },
      { line: 'releaser show release=1.4.0', does: 'the release of that version' },
    ],
    exits: ['CONFIG', 'NOT_FOUND', 'INTEGRITY'],
    load: () => import('./show.ts'),
  },
  tag: {
    name: 'tag',
    summary: 'give a release in the store tags',
    arguments: [
      { key: 'release', value: 'REF', required: true, summary: 'latest, an id, a tag, a version, or the start of an id' },
      { key: 'tag', value: 'A,B', required: true, summary: 'the tags' },
      { key: 'app', value: 'NAME', summary: 'the app, where the store holds several' },
    ],
    examples: [
      { line: 'releaser tag release=latest tag=stable', does: 'call the newest release stable' },
      { line: 'releaser tag release=1.4.0 tag=stable,eu', does: 'two tags at once' },
    ],
    exits: ['CONFIG', 'LOCKED', 'NOT_FOUND'],
    load: () => import('./tag.ts'),
  },
  untag: {
    name: 'untag',
    summary: 'take tags off a release in the store',
    arguments: [
      { key: 'release', value: 'REF', required: true, summary: 'latest, an id, a tag, a version, or the start of an id' },
      { key: 'tag', value: 'A,B', required: true, summary: 'the tags to take off' },
      { key: 'app', value: 'NAME', summary: 'the app, where the store holds several' },
    ],
    examples: [
      { line: 'releaser untag release=stable tag=stable', does: 'no release is stable any more' },
      { line: 'releaser untag release=1.4.0 tag=eu', does: 'the release stays, its tag goes' },
    ],
    exits: ['CONFIG', 'LOCKED', 'NOT_FOUND'],
    load: () => import('./untag.ts'),
  },
}
