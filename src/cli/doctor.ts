// xports doctor: whether everything that xports stands on is in order, and what mends it where it is not.

import { Command } from 'commander';
import { jsonText } from '../base/text.ts';
import { type Health, healthOf } from '../pipeline/health.ts';
import { byteSize, counted } from '../report/format.ts';
import type { Style } from '../report/style.ts';
import { paragraph } from '../report/text.ts';
import type { Context } from './context.ts';
import { documentOf } from './interfaces.ts';
import { dbOption } from './options.ts';
import { acceptedNode, packageVersion } from './version.ts';

const HELP = `
It changes nothing. Exit codes:
  0   all is well
  5   a live capture could not start now
  6   the database could not be read or written

Examples:
  xports doctor
  sudo xports doctor --json`;

/** Less room than this does not last for a day of capture. */
const LITTLE_ROOM_BYTES = 1 << 30;

export function doctorCommand(context: Context): Command {
  return new Command('doctor')
    .description(
      'look at versions, capture engines, permissions, offloads and the database, and say what helps',
    )
    .addOption(dbOption())
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async ({ db, json }: { db: string; json?: boolean }) => {
      const health = healthOf(db, acceptedNode());
      context.exitCode = health.exitCode;
      await context.out.write(json ? `${jsonText(documentFor(health), 2)}\n` : textFor(health, context.look));
    });
}

/** Names are those of the database's columns and of `xports interfaces --json`. */
function documentFor(health: Health) {
  const { node, sqlite, libpcap, engines, interfaces, captureTrouble, sqliteTrouble, database } = health;
  return {
    xports: packageVersion(),
    node: { version: node.version, accepted: node.accepted, is_accepted: node.isAccepted },
    sqlite: { version: sqlite, trouble: sqliteTrouble },
    libpcap: { version: libpcap },
    engines: engines.map(({ name, problem }) => ({ name, loads: problem === null, problem })),
    capture: { possible: captureTrouble === null, trouble: captureTrouble },
    interfaces: interfaces.map(documentOf),
    database: {
      path: database.path,
      exists: database.exists,
      bytes: database.bytes,
      wal_bytes: database.walBytes,
      free_bytes: database.freeBytes,
      user_version: database.userVersion,
      newest_version: database.newestVersion,
      runs: database.runs,
      quick_check: database.quickCheck,
      trouble: database.trouble,
    },
  };
}

type Mark = 'good' | 'remark' | 'warning' | 'bad';

interface Line {
  readonly mark: Mark;
  readonly text: string;
  /** What mends it; it is a command where that is possible. */
  readonly hint?: string | null;
}

const MARKS: Readonly<Record<Mark, string>> = { good: '✓', remark: '·', warning: '!', bad: '✗' };

function textFor(health: Health, look: Style): string {
  const sections: readonly (readonly [string, readonly Line[]])[] = [
    ['Versions', versionLines(health)],
    ['Live capture', captureLines(health)],
    ['Database', databaseLines(health)],
  ];
  const blocks = sections.map(([name, lines]) =>
    [look.heading(name), ...lines.map((line) => lineText(line, look))].join('\n'),
  );
  return `${blocks.join('\n\n')}\n`;
}

function lineText({ mark, text, hint }: Line, look: Style): string {
  const paints = { good: look.good, remark: look.faint, warning: look.warn, bad: look.bad };
  const block = paints[mark](paragraph(text, look.width, '    ', `  ${MARKS[mark]} `));
  if (!hint) return block;
  // A command is not broken, so that it can be copied.
  const lines = hint.split('\n').map((part) => part.trim());
  return [block, ...lines.map((part) => `    → ${part}`)].join('\n');
}

function versionLines({ node, sqlite, sqliteTrouble, libpcap }: Health): Line[] {
  const line = (isGood: boolean, text: string, hint: string | null = null): Line => ({
    mark: isGood ? 'good' : 'warning',
    text,
    hint,
  });
  return [
    { mark: 'good', text: `xports ${packageVersion()}, on ${process.platform} ${process.arch}` },
    node.isAccepted
      ? line(true, `Node ${node.version}`)
      : line(false, `Node ${node.version} is not tested: ${node.accepted} are`, 'install Node 22'),
    sqliteTrouble === null
      ? line(true, `SQLite ${sqlite}`)
      : { mark: 'bad', text: sqliteTrouble.text, hint: sqliteTrouble.hint },
    line(libpcap !== null, libpcap ?? 'libpcap cannot be loaded (files are read without it)'),
  ];
}

function captureLines({ engines, interfaces, captureTrouble }: Health): Line[] {
  const usable = engines.some(({ problem }) => problem === null);
  const lines = engines.map(
    ({ name, problem }): Line =>
      problem === null
        ? { mark: 'good', text: `engine ${name} loads` }
        : { mark: usable ? 'remark' : 'warning', text: `engine ${name} does not load: ${problem}` },
  );
  const open = interfaces.filter(({ up, refused }) => up && refused === null).map(({ name }) => name);
  lines.push(
    captureTrouble === null
      ? { mark: 'good', text: `can be opened now: ${open.join(', ')}` }
      : { mark: 'bad', text: captureTrouble.text, hint: captureTrouble.hint },
  );
  for (const { name, merging, up } of interfaces) {
    if (!up || merging.length === 0) continue;
    const off = merging.map((offload) => `${offload} off`).join(' ');
    lines.push({
      mark: 'warning',
      text: `${name} merges packets before they are seen (${merging.join(', ')}), so that fewer and longer ones are counted`,
      hint: `sudo ethtool -K ${name} ${off}`,
    });
  }
  return lines;
}

function databaseLines({ database }: Health): Line[] {
  const { path, exists, bytes, walBytes, freeBytes, userVersion, newestVersion, runs, trouble } = database;
  const lines: Line[] = [];
  if (!exists) lines.push({ mark: 'remark', text: `${path} is not there yet: xports analyze makes it` });
  else if (trouble !== null) lines.push({ mark: 'bad', text: trouble.text, hint: trouble.hint });
  else {
    const older = userVersion === newestVersion ? '' : `, brought to ${newestVersion} when it is next used`;
    lines.push({
      mark: 'good',
      text: `${path}: ${counted(runs ?? 0, 'run')}, ${byteSize(bytes ?? 0)}, found whole`,
    });
    lines.push({ mark: 'good', text: `version ${userVersion}${older}` });
    if (walBytes !== null && walBytes > 0) {
      lines.push({
        mark: 'remark',
        text: `${byteSize(walBytes)} wait in ${path}-wal: somebody is writing, or was stopped while writing; nothing is lost`,
      });
    }
  }
  if (freeBytes === null) return lines;
  const isLittle = freeBytes < LITTLE_ROOM_BYTES;
  const hint = isLittle
    ? 'free some space, keep fewer flows (--flows unexpected), or name another disk with --db'
    : null;
  lines.push({ mark: isLittle ? 'warning' : 'good', text: `${byteSize(freeBytes)} free on its disk`, hint });
  return lines;
}
