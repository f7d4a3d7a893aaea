// The page: four questions, then rules to copy and how far to trust it all.

import { timeText } from '../../format.ts';
import type { PageModel } from '../model.ts';
import { TrafficChart } from './chart.ts';
import { append, type Child, el } from './dom.ts';
import { Findings } from './findings.ts';
import { Hero } from './hero.ts';
import { followed } from './live.ts';
import { Rules } from './rules.ts';
import { endpointTable, exceptionTable, Services, unusedTable } from './services.ts';
import { lightForPrint, themeButton } from './theme.ts';
import { Trust } from './trust.ts';
import { When } from './when.ts';
import { Hosts, Matrix, Pairs } from './who.ts';
import { setTimes } from './words.ts';

const holder = document.querySelector<HTMLScriptElement>('#model');
const firstModel = JSON.parse(holder?.textContent ?? '') as PageModel;

const findings = new Findings();
const hero = new Hero((severity) => findings.only(severity));
const services = new Services();
const [endpoints, unused, exceptions] = [endpointTable(), unusedTable(), exceptionTable()];
const [matrix, hosts, pairs] = [new Matrix(), new Hosts(), new Pairs()];
const [chart, when, rules, trust] = [new TrafficChart(), new When(), new Rules(), new Trust()];

const SECTIONS: readonly {
  readonly id: string;
  readonly short: string;
  readonly heading: string;
  readonly content: readonly Child[];
}[] = [
  { id: 'findings', short: 'Findings', heading: 'Is anything wrong?', content: [findings.element] },
  {
    id: 'services',
    short: 'Services',
    heading: 'What does Exchange use?',
    content: [
      services.element,
      part('rpc', 'RPC endpoints that were learned', endpoints.element),
      part('unused', 'Allowed, and nobody used it', unused.element),
      part('exceptions', 'Exceptions of the policy', exceptions.element),
    ],
  },
  {
    id: 'who',
    short: 'Hosts',
    heading: 'Who talks to whom?',
    content: [
      matrix.element,
      part('hosts', 'Hosts and their roles', hosts.element),
      part('pairs', 'Pairs of hosts', pairs.element),
    ],
  },
  {
    id: 'when',
    short: 'Time',
    heading: 'Since when?',
    content: [chart.element, part('seen', 'First and last seen', when.element)],
  },
  { id: 'rules', short: 'Rules', heading: 'Firewall rules to copy', content: [rules.element] },
  { id: 'trust', short: 'Trust', heading: 'How far to trust this', content: [trust.element] },
];

function part(id: string, heading: string, content: Element): HTMLElement {
  return el('div', { id, class: 'part' }, el('h3', {}, heading), content);
}

function showPart(id: string, shown: boolean): void {
  const element = document.getElementById(id);
  if (element !== null) element.hidden = !shown;
}

function update(model: PageModel): void {
  setTimes(model);
  for (const section of [hero, findings, services, matrix, hosts, pairs, chart, when, rules, trust]) {
    section.update(model);
  }
  endpoints.update(model.endpoints);
  unused.update(model.unused);
  exceptions.update(model.exceptions);
  showPart('rpc', model.endpoints.length > 0);
  showPart('unused', model.unused.length > 0);
  showPart('exceptions', model.exceptions.length > 0);
}

function build(): void {
  const live = holder?.dataset.live === undefined ? null : followed(update);
  const nav = el('nav', { 'aria-label': 'Sections' });
  append(
    nav,
    SECTIONS.map(({ id, short }) => el('a', { href: `#${id}` }, short)),
  );
  const made = `Made ${timeText(firstModel.madeAtUs)} by xports ${firstModel.version} from run ${firstModel.run.id}.`;
  append(document.body, [
    el('a', { class: 'skip', href: '#main' }, 'Skip to the report'),
    el('header', { class: 'top' }, el('span', { class: 'brand' }, 'xports'), nav, live, themeButton()),
    el(
      'main',
      { id: 'main', tabindex: -1 },
      hero.element,
      ...SECTIONS.map(({ id, heading, content }) =>
        el(
          'section',
          { id, 'aria-labelledby': `${id}-heading` },
          el('h2', { id: `${id}-heading` }, heading),
          ...content,
        ),
      ),
    ),
    el('footer', {}, made, ' Everything in it is also in the database; times are UTC.'),
  ]);
}

build();
update(firstModel);
lightForPrint(() => {
  findings.openAll();
  chart.fit();
});
document.documentElement.dataset.ready = '';
