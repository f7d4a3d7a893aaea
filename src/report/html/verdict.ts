// The run in one sentence, and what to know beside it.

import { counted, grouped } from '../format.ts';
import type { AmountModel, VerdictModel } from './model.ts';

export interface VerdictFacts {
  readonly counts: Readonly<Record<string, number>>;
  readonly verdicts: readonly AmountModel[];
  readonly packets: number;
  readonly warnings: number;
  readonly running: boolean;
  /** The title of the first finding. */
  readonly worst: string;
}

export function verdictOf(facts: VerdictFacts): VerdictModel {
  const { tone, sentence } = judged(facts);
  const known =
    facts.warnings === 0
      ? 'No loss or damage of the capture is known.'
      : `${counted(facts.warnings, 'warning')} about the capture itself: see how far to trust this.`;
  const running = facts.running ? 'The run is still going on. ' : '';
  return { tone, sentence, detail: facts.packets === 0 ? '' : `${running}${known}` };
}

function judged({ counts, verdicts, packets, worst }: VerdictFacts): Pick<VerdictModel, 'tone' | 'sentence'> {
  const { high = 0, medium = 0, low = 0, info = 0 } = counts;
  const flows = (name: string) => verdicts.find((row) => row.name === name)?.flows ?? 0;
  if (packets === 0) return { tone: 'none', sentence: 'There were no packets to judge.' };
  if (high > 0) {
    const rest = medium > 0 ? `; ${grouped(medium)} more should be looked into` : '';
    const what = high === 1 ? worst : `${counted(high, 'finding')} that nothing explains`;
    return { tone: 'bad', sentence: `Something is wrong: ${what}${rest}.` };
  }
  if (medium > 0) {
    const what = counted(medium, 'use', 'uses');
    return {
      tone: 'warn',
      sentence: `Look into ${what} of ports that are known, but not on the allow-list.`,
    };
  }
  if (low > 0) {
    return {
      tone: 'warn',
      sentence: `Nothing unexpected is known to have been answered; ${counted(low, 'attempt')} came close enough to note.`,
    };
  }
  if (flows('expected') === 0) {
    return { tone: 'none', sentence: 'No traffic of Exchange was seen, so there was nothing to judge.' };
  }
  const unexpected = flows('unexpected');
  if (info > 0 || unexpected > 0) {
    const told = info > 0 ? `: ${counted(info, 'remark says', 'remarks say')} why` : '';
    const what = `${counted(unexpected, 'flow is', 'flows are')} not on the allow-list${told}`;
    const remarks = `there ${info === 1 ? 'is' : 'are'} ${counted(info, 'remark')} to read`;
    return {
      tone: unexpected > 0 ? 'warn' : 'good',
      sentence: `Nothing calls for action, but ${unexpected > 0 ? what : remarks}.`,
    };
  }
  return { tone: 'good', sentence: 'Nothing is wrong: all that was judged is on the allow-list.' };
}
