// The commands. One is loaded when it is called for, so that it does not wait for what the others stand on.

import type { Command } from 'commander';
import type { Context } from './context.ts';

type Maker = (context: Context) => Command;

/** In the order of the help. */
const LOADERS: Readonly<Record<string, () => Promise<Maker>>> = {
  analyze: async () => (await import('./analyze.ts')).analyzeCommand,
  live: async () => (await import('./live.ts')).liveCommand,
  interfaces: async () => (await import('./interfaces.ts')).interfacesCommand,
  report: async () => (await import('./report.ts')).reportCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  findings: async () => (await import('./findings.ts')).findingsCommand,
  flows: async () => (await import('./flows.ts')).flowsCommand,
  services: async () => (await import('./services.ts')).servicesCommand,
  explain: async () => (await import('./explain.ts')).explainCommand,
  rules: async () => (await import('./rules.ts')).rulesCommand,
  diff: async () => (await import('./diff.ts')).diffCommand,
  export: async () => (await import('./export.ts')).exportCommand,
  schema: async () => (await import('./schema.ts')).schemaCommand,
  policy: async () => (await import('./policy.ts')).policyCommand,
  runs: async () => (await import('./runs.ts')).runsCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  completion: async () => (await import('./completion.ts')).completionCommand,
  manual: async () => (await import('./manual.ts')).manualCommand,
};
/** They tell of all others. */
const NEED_ALL: readonly string[] = ['completion', 'manual'];
const HIDDEN: readonly string[] = ['manual'];

export interface LoadedCommand {
  readonly command: Command;
  readonly hidden: boolean;
}

/** The command that the first word names; all of them where it names none, or one that tells of all. */
export async function commandsFor(word: string | undefined, context: Context): Promise<LoadedCommand[]> {
  const isOne = word !== undefined && Object.hasOwn(LOADERS, word) && !NEED_ALL.includes(word);
  const names = isOne ? [word] : Object.keys(LOADERS);
  return await Promise.all(
    names.map(async (name) => ({
      command: (await LOADERS[name]())(context),
      hidden: HIDDEN.includes(name),
    })),
  );
}
