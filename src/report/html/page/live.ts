// Of a served page: asks for news every few seconds while it is looked at, and says when the last ones came.

import { timeText } from '../../format.ts';
import type { PageModel } from '../model.ts';
import { el, fill } from './dom.ts';

const EVERY_MS = 3000;

export function followed(onNews: (model: PageModel) => void): HTMLElement {
  const status = el('span', { class: 'live' }, 'live');
  let tag = '';
  const ask = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch('data.json', { headers: tag === '' ? {} : { 'If-None-Match': tag } });
        if (answer.status === 200) {
          tag = answer.headers.get('ETag') ?? '';
          const model = (await answer.json()) as PageModel;
          onNews(model);
          fill(status, `live · ${timeText(model.madeAtUs).slice(11)}`);
        } else if (answer.status !== 304) throw new Error(String(answer.status));
        status.classList.remove('lost');
      } catch {
        fill(status, 'not live: xports serve does not answer');
        status.classList.add('lost');
      }
    }
    window.setTimeout(() => void ask(), EVERY_MS);
  };
  window.setTimeout(() => void ask(), EVERY_MS);
  return status;
}
