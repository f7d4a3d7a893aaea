// xports interfaces: what live capture can open, and what helps where it cannot.

import { Command } from 'commander';
import { jsonText } from '../base/text.ts';
import { type NamedInterface, namedInterfaces } from '../pipeline/interfaces.ts';
import { formatRows } from '../report/rows.ts';
import { type Context, fitOf } from './context.ts';

const HELP = `
Examples:
  xports interfaces
  sudo xports interfaces --json`;

export function interfacesCommand(context: Context): Command {
  return new Command('interfaces')
    .description('list the network interfaces, and whether live capture can open them')
    .option('--json', 'print them as JSON')
    .addHelpText('after', HELP)
    .action((flags: { json?: boolean }) => list(flags.json === true, context));
}

async function list(json: boolean, context: Context): Promise<void> {
  const interfaces = namedInterfaces();
  if (json) {
    await context.out.write(`${jsonText({ interfaces: interfaces.map(documentOf) }, 2)}\n`);
    return;
  }
  const columns = ['name', 'state', 'link_type', 'open', 'addresses'];
  const rows = interfaces.map((one) => [
    one.name,
    one.up ? 'up' : 'down',
    one.linkType,
    one.refused === null ? 'yes' : 'no',
    one.addresses.join(' '),
  ]);
  await context.out.writeLines(
    formatRows('table', columns, rows, fitOf(context, ['addresses', 'link_type'], '--json')),
  );
  for (const line of remarks(interfaces)) await context.out.write(`${line}\n`);
}

/** The names are those of a database's columns. */
export function documentOf(one: NamedInterface) {
  return {
    name: one.name,
    description: one.description,
    addresses: one.addresses,
    link_type: one.linkType,
    up: one.up,
    can_open: one.refused === null,
    reason: one.refused?.reason ?? null,
    hint: one.refused?.hint ?? null,
    merging_offloads: one.merging,
  };
}

/** What opens those that cannot be opened, each command once, and where packets are merged. */
function remarks(interfaces: readonly NamedInterface[]): string[] {
  const hints = new Map<string, string[]>();
  for (const { name, refused } of interfaces) {
    if (refused === null) continue;
    const hint = refused.hint ?? refused.reason;
    hints.set(hint, [...(hints.get(hint) ?? []), name]);
  }
  const refused = [...hints].map(([hint, names]) => `to open ${names.join(', ')}: ${hint}`);
  const merging = interfaces
    .filter((one) => one.merging.length > 0)
    .map(({ name, merging }) => {
      const off = merging.map((offload) => `${offload} off`).join(' ');
      return `${name} merges packets before they are seen; counts are of merged ones. sudo ethtool -K ${name} ${off}`;
    });
  return [...refused, ...merging];
}
