import type { Target } from '../../src/model/config.ts'
import { type Laptop, laptop } from './laptop.ts'
import type { Machine } from './machine/machine.ts'

/** A server for a machine that has no Node: it answers with its version, process id and directory, and can go wrong. */
const SERVER = `
use strict;
use IO::Socket::INET;
use Cwd;
$| = 1;
sub content { open(my $file, '<', $_[0]) or die; my $line = <$file>; chomp $line; $line }
my ($version, $manner) = (content('version.txt'), content('manner.txt'));
print "starting $version $manner\\n";
if ($manner eq 'refuses') { open(my $told, '>', '/tmp/refused'); print STDERR "no such database\\n"; exit 9 }
if ($manner eq 'crashes') { $SIG{ALRM} = sub { print STDERR "out of luck\\n"; exit 9 }; alarm 2 }
$SIG{TERM} = sub { print "what was that?\\n" } if $manner eq 'deaf';
my $server = IO::Socket::INET->new(Listen => 16, LocalPort => $ENV{PORT}, ReuseAddr => 1) or die "no port: $@";
while (1) {
  my $client = $server->accept or next;
  while (my $line = <$client>) { last if $line =~ /^\\r?$/ }
  print $client "HTTP/1.0 200 OK\\r\\n\\r\\n$version $$ " . getcwd();
  close $client;
}
`

export interface UnitApp {
  readonly mine: Laptop
  readonly port: number
  /** The id of a new release of this version that behaves so. */
  build(version: string, manner?: 'well' | 'refuses' | 'crashes' | 'deaf'): Promise<string>
  configure(more?: Partial<Target>): Promise<void>
  /** What it says from outside of its machine: version, process id, directory; null where nobody answers. */
  answer(): Promise<readonly [string, number, string] | null>
}

/** A laptop with this app, for a target `prod` on a machine. */
export async function unitApp(
  { address, port: sshPort, identity, knownHosts }: Machine,
  { user, path, port }: { readonly user: string; readonly path: string; readonly port: number },
): Promise<UnitApp> {
  const mine = await laptop({}, { keep: true })
  const target: Target = {
    ...{ hosts: [{ host: address, port: sshPort, user, name: 'm1' }], path, identity, knownHosts },
    runner: { systemd: true, start: 'exec perl server.pl', version: 'cat version.txt' },
    env: { PORT: String(port) },
    health: { http: `:${port}/`, timeout: '20s', interval: '1s', settle: '1s' },
  }
  return {
    mine,
    port,
    build: async (version, manner = 'well') => {
      await mine.write({
        'app/server.pl': SERVER,
        'app/version.txt': `${version}\n`,
        'app/manner.txt': `${manner}\n`,
        'app/package.json': JSON.stringify({ version }),
      })
      const { code, last, stderr } = await mine.call('build')
      if (code !== 0) throw new Error(stderr)
      return (last['release'] as { readonly id: string }).id
    },
    configure: (more = {}) => mine.configure({ prod: { ...target, ...more } }),
    answer: async () => {
      const said = await fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(2000) })
        .then((answer) => answer.text())
        .catch(() => '')
      const [, version = '', pid, cwd = ''] = /^(\S+) (\d+) (.*)$/.exec(said) ?? []
      return version === '' ? null : [version, Number(pid), cwd]
    },
  }
}
