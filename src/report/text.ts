// Lines of text in a given width.

import { printable } from '../base/text.ts';

/** Breaks text into lines of at most `width` characters at spaces; a longer word stands alone, cut. */
export function wrap(text: string, width: number): string[] {
  const room = Math.max(width, 8);
  const lines: string[] = [];
  let line = '';
  for (let word of printable(text).split(' ')) {
    if (word === '') continue;
    if (line !== '' && line.length + 1 + word.length <= room) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    for (; word.length > room; word = word.slice(room)) lines.push(word.slice(0, room));
    line = word;
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Wrapped lines, each after `indent`; `first` stands in its place on the first line. */
export function paragraph(text: string, width: number, indent: string, first = indent): string {
  return wrap(text, width - indent.length)
    .map((line, i) => (i === 0 ? first : indent) + line)
    .join('\n');
}

/** At most `width` characters, with an ellipsis where something was cut. */
export function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`;
}

/** A path in at most `width` characters: its end says more than its beginning. */
export function shortenedPath(path: string, width: number): string {
  return path.length <= width ? path : `…${path.slice(path.length - Math.max(width - 1, 0))}`;
}
