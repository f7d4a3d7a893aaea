// The first screen: the verdict in a sentence, how many findings there are, and what was looked at.

import { byteSize, counted, grouped, percent, spanText, timeText } from '../../format.ts';
import type { PageModel } from '../model.ts';
import { type Child, el, fill } from './dom.ts';
import { SEVERITIES, SEVERITY_WORDS, VERDICTS, verdictClass } from './words.ts';

const TONES: Readonly<Record<string, string>> = {
  bad: 'Act',
  warn: 'Look into it',
  good: 'In order',
  none: 'Nothing to judge',
};

export class Hero {
  readonly element = el('div', { class: 'hero' });
  private readonly onSeverity: (severity: string) => void;

  constructor(onSeverity: (severity: string) => void) {
    this.onSeverity = onSeverity;
  }

  update(model: PageModel): void {
    const { verdict, run, anonymized } = model;
    const focused = [...this.element.querySelectorAll('a')].indexOf(
      document.activeElement as HTMLAnchorElement,
    );
    fill(
      this.element,
      el(
        'p',
        { class: 'eyebrow' },
        el('span', { class: `tone ${verdict.tone}` }, TONES[verdict.tone]),
        `Exchange port report · run ${run.id}${statusWord(run.status)}${anonymized ? ' · addresses replaced' : ''}`,
      ),
      el('h1', {}, verdict.sentence),
      el('p', { class: 'lead' }, verdict.detail),
      el('ul', { class: 'tiles' }, ...SEVERITIES.map((severity) => this.tile(severity, model))),
      shares(model),
      facts(model),
    );
    if (focused >= 0) this.element.querySelectorAll('a')[focused]?.focus();
  }

  private tile(severity: string, { findings }: PageModel): HTMLElement {
    const count = findings.counts[severity] ?? 0;
    const content: Child[] = [
      el('span', { class: 'tile-count' }, grouped(count)),
      el('span', { class: 'tile-name' }, severity),
      el('span', { class: 'tile-words' }, SEVERITY_WORDS[severity]),
    ];
    if (count === 0) return el('li', { class: 'tile none-here' }, el('span', {}, ...content));
    const link = el('a', { href: '#findings' }, ...content);
    link.addEventListener('click', () => this.onSeverity(severity));
    return el('li', { class: `tile ${severity}` }, link);
  }
}

function statusWord(status: string): string {
  if (status === 'running') return ', still going on';
  return status === 'complete' ? '' : `, ${status}`;
}

/** How the bytes are divided between verdicts. */
function shares({ verdicts }: PageModel): HTMLElement | null {
  const total = verdicts.reduce((sum, row) => sum + row.bytes, 0);
  if (total === 0) return null;
  const strip = el('div', { class: 'strip', 'aria-hidden': 'true' });
  const words = verdicts.map((row) => {
    const part = el('span', { class: `strip-in ${verdictClass(row.name)}` });
    part.style.setProperty('flex-grow', String(Math.max(row.bytes / total, 0.004)));
    strip.append(part);
    return el(
      'li',
      {},
      el('span', { class: `dot ${verdictClass(row.name)}`, 'aria-hidden': 'true' }),
      el('strong', {}, percent(row.bytes, total)),
      ` ${VERDICTS[row.name] ?? row.name} `,
      el('small', {}, `${byteSize(row.bytes)}, ${counted(row.flows, 'flow')}`),
    );
  });
  return el('div', { class: 'shares' }, strip, el('ul', { 'aria-label': 'Shares of the bytes' }, ...words));
}

function facts({ run, hosts }: PageModel): HTMLElement {
  const fact = (name: string, ...value: readonly Child[]) =>
    el('div', {}, el('dt', {}, name), el('dd', {}, ...value));
  const names = run.sources
    .slice(0, 3)
    .map(({ name, detail }) => (detail === '' ? name : `${name} (${detail})`));
  const more =
    run.sourcesTotal > names.length
      ? [`and ${counted(run.sourcesTotal - names.length, 'more', 'more')}`]
      : [];
  const judged = run.servers === 'auto' ? 'the Exchange servers that were recognised' : run.servers;
  return el(
    'dl',
    { class: 'facts' },
    fact('Time', ...span(run.firstUs, run.lastUs)),
    fact(
      'Amount',
      `${counted(run.packets, 'packet')}, ${byteSize(run.bytes)}, ${counted(run.flows, 'flow')}`,
    ),
    fact('Capture', `${[...names, ...more].join(', ')}, at ${run.sensor}`),
    fact('Hosts', grouped(hosts.total)),
    fact('Judged', judged ?? 'every responder: no servers were named'),
    fact(
      'Allowed by',
      `${run.profile === 'allow-list' ? 'the allow-list' : `profile ${run.profile}`}${run.hasPolicy ? ' and a policy' : ''}`,
    ),
  );
}

function span(firstUs: number | null, lastUs: number | null): string[] {
  if (firstUs === null || lastUs === null) return ['no packets'];
  const [from, to] = [timeText(firstUs), timeText(lastUs)];
  const end = from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to;
  return [`${from.slice(0, 19)} to ${end} (${spanText(lastUs - firstUs)})`];
}
